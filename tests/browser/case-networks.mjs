// case-networks.mjs - networks: the attacked one with its proof, the home that is only counted, the map that the keyboard
// reaches, filters in the address; on pages that follow what devices tell.
import { auditPage } from './audit.mjs';
import { NAME } from './case-attack.mjs';
import { arpSpoof, ATTACKER, CAFE, forgedTls, HOST, joined, ROUTER } from './scenes.mjs';
import { expect, same, until } from './tally.mjs';

const LIVE_MS = 30_000;
const LOADED_MS = 3000; // what a page shows comes a moment after it is loaded
const HOME = 'net-0000000000000001';
const PLACE = 'u33db'; // a square in Berlin

const shows = (what, ms) => what.waitFor({ timeout: ms }).then(() => true, () => false);

const at = (network, place) => ({ ...joined, on: network, body: { ...joined.body, ...(place ? { place } : {}) } });

// The router answers an invented question about a name with an address of its own.
const forgedAnswer = {
    kind: 'dns',
    on: CAFE,
    body: {
        resolver: '192.0.2.1', nx_probes: 3, nx_answered: 3, nx_addresses: ['192.0.2.66'], trusted_nx: true, captive: false,
    },
};

async function list(t, ctx) {
    const { page, origin, device } = ctx;
    await t.check('the attacked network is listed though one device met it, a home is only counted', async () => {
        same((await device.report([at(HOME, 'u33dc'), at(CAFE, PLACE), forgedAnswer])).status, 200, 'the report');
        await page.goto(`${origin}/#/networks`);
        const row = page.locator('main [data-row]', { hasText: 'Network c0ffee01' });
        await row.getByText('Something is wrong').waitFor({ timeout: LIVE_MS });
        await until('the home is counted', LIVE_MS, async () => {
            await page.reload();
            return shows(page.getByText(/One more network is only counted/), LOADED_MS);
        });
        same(await page.locator('main [data-row]').count(), 1, 'networks listed');
        await auditPage(page, 'the list of networks');
    });

    await t.check('filters are in the address and come back with it', async () => {
        await page.getByRole('button', { name: 'Nothing found' }).click();
        await page.getByText('No network matches these filters').waitFor();
        expect(page.url().includes('verdict:clean'), `the filter is not in ${page.url()}`);
        await auditPage(page, 'networks without a match');
        await page.reload();
        await page.getByText('No network matches these filters').waitFor();
        await page.getByRole('button', { name: 'Nothing found' }).click();
        await page.getByRole('button', { name: 'Ever attacked' }).click();
        await page.locator('main [data-row]').first().waitFor();
        await page.getByRole('searchbox').fill('c0ffee');
        await until('the search is in the address', 5000, () => page.url().includes('q:c0ffee') && page.url().includes('attacked:yes'));
        await page.locator('main [data-row]').first().waitFor();
    });
}

async function detail(t, ctx) {
    const { page, origin, chain } = ctx;
    await t.check('its page says the verdict in a sentence, with every proof', async () => {
        await page.locator('main [data-row] a[data-main]').first().click();
        await page.getByText(/^An attack is going on: /).waitFor();
        const tls = page.getByRole('region', { name: 'TLS untrusted CA' });
        same(await tls.locator('.cert').count(), 2, 'certificates');
        await tls.locator('.cert').nth(0).getByText(HOST).first().waitFor();
        await tls.locator('.cert').nth(0).getByText('Details').click();
        const shown = await tls.locator('.cert').nth(0).getByText(/^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/).first().textContent();
        same(shown.replaceAll(':', '').toLowerCase(), chain[0].sha256, 'SHA-256');
        const changed = page.getByRole('region', { name: 'ARP spoof' }).locator('tr.changed').first();
        const text = await changed.textContent();
        expect(text.includes(ROUTER) && text.includes(ATTACKER), `before and after are not both in '${text}'`);
        await page.getByRole('region', { name: 'DNS hijack' }).getByText('192.0.2.66').first().waitFor();
        await auditPage(page, 'an attacked network');
    });

    await t.check('and who met it, where it is, what was seen of it', async () => {
        await page.getByRole('region', { name: 'Who met it' }).getByRole('link', { name: NAME }).waitFor();
        const seen = page.getByRole('region', { name: 'What was seen of it' });
        await seen.getByText(ROUTER).waitFor();
        await seen.getByRole('link', { name: PLACE }).waitFor();
        await seen.getByText('not while something is open').waitFor();
        await page.getByRole('region', { name: 'Your list' }).getByText('has no name here').waitFor();
        await page.getByRole('region', { name: 'Time line' }).getByRole('link', { name: /^Seen: / }).first().waitFor();
        await page.getByRole('region', { name: 'Checks, as they came out last' }).locator('summary').first().click();
        await auditPage(page, 'a network with a check unfolded');
    });

    await t.check('an incident and a device lead to it', async () => {
        await page.getByRole('region', { name: 'Incidents' }).locator('a[data-main]').first().click();
        await page.getByRole('region', { name: 'Facts' }).getByRole('link', { name: 'Network c0ffee01' }).click();
        await page.getByRole('region', { name: 'Who met it' }).getByRole('link', { name: NAME }).click();
        await page.getByRole('region', { name: 'Network' }).getByRole('link', { name: CAFE }).waitFor();
    });

    await t.check('a home has no page', async () => {
        ctx.watch.down = true; // the refusal is asked for
        await page.goto(`${origin}/#/networks/${HOME}`);
        await page.getByText('This network is not shown').waitFor();
        await auditPage(page, 'a home');
        ctx.watch.down = false;
    });
}

async function map(t, { page, origin }) {
    await t.check('the map draws the cell, and the list beside it is reached by keyboard', async () => {
        await page.goto(`${origin}/#/networks/map`);
        await page.locator('.cellmap circle.cell').first().waitFor();
        same(await page.locator('.cellmap circle.cell').count(), 1, 'cells');
        await until('the land is drawn', LIVE_MS, () => page.locator('.cellmap path.land').count().then((n) => n === 1));
        await auditPage(page, 'the map');
        const link = page.getByRole('table', { name: 'Cells, the worst first' }).getByRole('link', { name: /52\.5° N/ });
        await link.focus();
        await page.locator('.cellmap circle.cell.marked').waitFor();
        await page.getByRole('button', { name: 'World' }).click();
        await auditPage(page, 'the map of the world');
        await link.focus();
        await page.keyboard.press('Enter');
        await until('the cell is in the address', 5000, () => page.url().includes(`place:${PLACE}`));
        await page.locator('main [data-row]', { hasText: 'Network c0ffee01' }).waitFor();
    });

    await t.check('what is trusted: nothing yet, and how that changes', async () => {
        await page.goto(`${origin}/#/networks/trust`);
        await page.getByText('Your policy trusts nothing yet').waitFor();
        await auditPage(page, 'a policy that trusts nothing');
    });
}

async function ending(t, { page, origin, device, chain }) {
    await t.check('when the attack ends, the page says so without a reload', async () => {
        await page.goto(`${origin}/#/networks/${CAFE}`);
        await page.getByText(/^An attack is going on: /).waitFor();
        await page.evaluate(() => {
            window.notReloaded = true;
        });
        same((await device.report([{ kind: 'network', on: CAFE, body: { event: 'left', link: 'wifi' } }])).status, 200, 'the report');
        await page.getByText('Nothing is wrong now. It was attacked before').waitFor({ timeout: LIVE_MS });
        await page.getByRole('region', { name: 'What was seen of it' }).getByText(/^on .*, if nobody meets it again$/).waitFor();
        same((await device.report([joined, arpSpoof, forgedTls(chain)])).status, 200, 'the report of the attack');
        await page.getByText(/^An attack is going on: /).waitFor({ timeout: LIVE_MS });
        expect(await page.evaluate(() => window.notReloaded === true), 'the page was loaded anew');
    });
}

// Leaves the device where it was: attacked.
export async function networks(t, ctx) {
    await list(t, ctx);
    await detail(t, ctx);
    await map(t, ctx);
    await ending(t, ctx);
}
