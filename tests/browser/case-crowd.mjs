// case-crowd.mjs - the crowd: six devices meet one forged network; what is bad now, why, whose voices, the map; by keyboard, in both
// colours and on a phone.
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { auditPage } from './audit.mjs';
import { Device } from './device.mjs';
import { forgedTls, joined } from './scenes.mjs';
import { Server } from './server.mjs';
import { expect, same, until } from './tally.mjs';

const LIVE_MS = 20_000;
const NETWORK = 'net-5ca1ab1e00000001';
const TWIN = '02:00:5e:99:00:01';
const PLACE = 'u33dc';
const COUNT = 6;

const LOOKS = [
    { id: 'light', colorScheme: 'light', viewport: { width: 1280, height: 860 } },
    { id: 'dark', colorScheme: 'dark', viewport: { width: 1280, height: 860 } },
    { id: 'phone', colorScheme: 'light', viewport: { width: 390, height: 844 } },
];

const on = (network, fact) => ({ ...fact, on: network });

// As devices that were enrolled two months ago: strangers weigh little.
function makeOld(server) {
    execFileSync('python3', ['-c', 'import sqlite3, sys\nwith sqlite3.connect(sys.argv[1], timeout=30) as db:\n'
        + '    db.execute("UPDATE devices SET enrolled_ms = enrolled_ms - 60 * 86400000")', join(server.state, 'picket.db')]);
}

async function meet(t, { page, origin, server, chain }) {
    await t.check('six devices meet a network whose certificates are forged', async () => {
        const made = await page.request.post(`${origin}/api/v1/enrollments`, {
            headers: { 'X-Picket-Request': '1' }, data: { uses: COUNT, label: 'crowd' },
        });
        same(made.status(), 201, 'the enrolment');
        const { token } = await made.json();
        const devices = [];
        for (let n = 0; n < COUNT; n++) {
            const device = new Device({ origin, ca: server.ca, dir: join(server.dir, `crowd-${n}`), name: `Crowd ${n}` });
            await device.enrol(token);
            devices.push(device);
        }
        makeOld(server);
        const here = { ...joined, body: { ...joined.body, bssid: TWIN, security: 'open', place: PLACE } };
        for (const device of devices) {
            const answer = await device.report([on(NETWORK, here), on(NETWORK, forgedTls(chain)),
                on(NETWORK, { ...forgedTls(chain), body: { ...forgedTls(chain).body, host: 'other.picket.test' } }),
                on(NETWORK, { kind: 'network', body: { event: 'left', link: 'wifi' } })]);
            same(answer.status, 200, 'the report');
        }
    });
}

async function list(t, { page, origin }) {
    await t.check('the network is listed as bad, with why and from how many', async () => {
        await until('the crowd has made up its mind', LIVE_MS, async () => {
            await page.goto(`${origin}/#/crowd`);
            await page.reload();
            await page.locator('main .filters').waitFor();
            await page.locator('main .loading').first().waitFor({ state: 'detached' });
            return await page.locator('main [data-row]', { hasText: TWIN }).isVisible();
        });
        const row = page.locator('main [data-row]', { hasText: TWIN });
        await row.getByText('Access point', { exact: false }).first().waitFor();
        await row.getByText('5+').waitFor();
        await page.getByText(/sightings of .* access points? of/).waitFor();
        await auditPage(page, 'the crowd');
    });

    await t.check('filters are in the address and come back with it', async () => {
        await page.getByRole('button', { name: 'Mast', exact: true }).click();
        await page.getByText('Nothing bad matches these filters').waitFor();
        expect(page.url().includes('kind:mast'), `the filter is not in ${page.url()}`);
        await page.reload();
        await page.getByText('Nothing bad matches these filters').waitFor();
        await page.getByRole('button', { name: 'Mast', exact: true }).click();
        await page.getByRole('searchbox').fill('5e:99');
        await until('the search is in the address', 5000, () => page.url().includes('q:5e'));
        await page.locator('main [data-row]', { hasText: TWIN }).waitFor();
    });
}

async function why(t, { page, origin }) {
    await t.check('j and Enter lead to why: reasons with weights, voices without names', async () => {
        await page.goto(`${origin}/#/crowd`);
        await page.reload(); // the search field loses the focus
        await page.locator('main [data-row]', { hasText: TWIN }).waitFor();
        await page.keyboard.press('j');
        await page.keyboard.press('Enter');
        const card = page.getByRole('region', { name: 'Why' });
        await card.getByText('Bad now').waitFor();
        await card.getByText(/devices confirmed it/).waitFor();
        await card.getByText(/forged|check hosts?/i).first().waitFor();
        expect(await card.locator('.weights svg').count() >= 2, 'fewer than two reasons have a bar');
        const voices = page.getByRole('region', { name: 'Voices' });
        expect(await voices.locator('[data-row]').count() >= 5, 'fewer than five voices');
        expect(!(await page.locator('main').textContent()).includes('Crowd 0'), 'a voice has the name of its device');
        await page.getByRole('region', { name: 'What it is' }).getByText(TWIN).waitFor();
        await auditPage(page, 'why');
    });

    await t.check('the page of the network says it, too, and leads there', async () => {
        await page.goto(`${origin}/#/networks/${NETWORK}`);
        const panel = page.getByRole('region', { name: 'What the crowd says' });
        await panel.getByText('Bad now').waitFor();
        await auditPage(page, 'a network with an opinion');
        await panel.getByRole('link', { name: 'Why' }).click();
        await page.getByRole('region', { name: 'Voices' }).waitFor();
    });

    await t.check('of what too few know nothing is told', async () => {
        await page.goto(`${origin}/#/crowd/why?network=net-00000000000000aa`);
        await page.getByText(/^Fewer than 5 devices know it/).waitFor();
        await auditPage(page, 'too few');
    });
}

async function map(t, { page, origin }) {
    await t.check('the map has the place, and the list beside it is reached by keyboard', async () => {
        await page.goto(`${origin}/#/crowd/map`);
        await page.locator('.cellmap circle.cell').first().waitFor();
        const link = page.getByRole('table', { name: 'Cells, the most attacked first' }).getByRole('link').first();
        await link.focus();
        await page.locator('.cellmap circle.cell.marked').waitFor();
        await auditPage(page, 'the map of the crowd');
    });
}

async function looks(t, { page, origin, watch, screenshots }) {
    const state = await page.context().storageState();
    const list = [['crowd', '#/crowd'], ['crowd-why', `#/crowd/why?network=${NETWORK}&bssid=${encodeURIComponent(TWIN)}`],
        ['crowd-map', '#/crowd/map'], ['crowd-exchange', '#/crowd/exchange']];
    if (screenshots) {
        mkdirSync(screenshots, { recursive: true });
    }
    for (const { id, ...options } of LOOKS) {
        const other = await watch.page({ ...options, storageState: state });
        for (const [name, at] of list) {
            await t.check(`${name}, ${id}: names, contrast, width`, async () => {
                await other.goto(`${origin}/${at}`);
                await other.locator('main h1').waitFor();
                await other.locator('main .loading').first().waitFor({ state: 'detached' });
                if (screenshots) {
                    await other.screenshot({ path: join(screenshots, `${name}-${id}.png`) });
                }
                await auditPage(other, `${name}, ${id}`);
            });
        }
        await other.context().close();
    }
}

// An invitation of another server that is a hub.
async function invitation(hub) {
    const token = hub.signinLink().split('/#/signin/')[1];
    const post = (path, body, headers) => new Promise((done, fail) => {
        const request = https.request(`${hub.origin}/api/v1${path}`, {
            method: 'POST', ca: hub.ca, agent: false, timeout: 15_000, headers: { 'Content-Type': 'application/json', ...headers },
        }, (answer) => {
            const parts = [];
            answer.on('data', (part) => parts.push(part));
            answer.on('end', () => done({ cookie: answer.headers['set-cookie']?.[0]?.split(';')[0], body: JSON.parse(Buffer.concat(parts).toString()) }));
        });
        request.on('error', fail);
        request.end(JSON.stringify(body));
    });
    const { cookie } = await post('/session', { token });
    const made = await post('/crowd/exchange/invitations', { name: 'Browser', vouched: true }, { Cookie: cookie, 'X-Picket-Request': '1' });
    return made.body.link;
}

async function exchange(t, { page, origin, server }) {
    const hub = await Server.create(join(server.bin, '..'));
    try {
        await t.check('the exchange: a hub that this server joined, with its state', async () => {
            appendFileSync(hub.config, 'exchange: {hub: true, name: "North"}\n');
            await hub.start();
            const link = await invitation(hub);
            const joinedIt = await page.request.post(`${origin}/api/v1/crowd/exchange/hubs`, { headers: { 'X-Picket-Request': '1' }, data: { link } });
            expect(joinedIt.ok(), `joining: ${joinedIt.status()} ${await joinedIt.text()}`);
            await page.goto(`${origin}/#/crowd/exchange`);
            const hubs = page.getByRole('region', { name: 'Hubs' });
            await hubs.getByText('North').waitFor();
            await page.getByRole('region', { name: 'This server' }).getByText('Least number').waitFor();
            await page.getByRole('region', { name: 'Told to others' }).waitFor();
            await auditPage(page, 'the exchange');
        });
    } finally {
        await hub.stop();
        hub.remove();
    }
}

export async function crowd(t, ctx) {
    await meet(t, ctx);
    await list(t, ctx);
    await why(t, ctx);
    await map(t, ctx);
    await exchange(t, ctx);
    await looks(t, ctx);
}
