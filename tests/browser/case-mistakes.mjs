// case-mistakes.mjs - what was called a mistake: said on an incident, listed with everything that is known of it, withdrawn
// with the keyboard, and back on the list of incidents.
import { auditPage } from './audit.mjs';
import { NAME } from './case-attack.mjs';
import { CAFE } from './scenes.mjs';
import { expect, same, until } from './tally.mjs';

const LIVE_MS = 30_000;
const REASON = 'Its disk is encrypted below the system';
const NATIVE = 'The volume below it is encrypted';
const THREAT = 'physical.no_encryption';

const open = async (page, origin) => (await (await page.request.get(
    `${origin}/api/v1/incidents?filter=state:open,threat:${THREAT}`)).json()).total;

const post = (page, origin, path, data) => page.request.post(`${origin}/api/v1${path}`, {
    headers: { 'X-Picket-Request': '1', Origin: origin }, data,
});

async function marking(t, { page, origin }) {
    await t.check('an incident that is dismissed for its device stands on the page of mistakes', async () => {
        await page.goto(`${origin}/#/incidents?filter=state:open,threat:${THREAT},q:${NAME}`);
        await page.locator('main [data-row] a[data-main]').first().click();
        await page.getByRole('button', { name: 'Dismiss …' }).click();
        const dialog = page.getByRole('dialog');
        await dialog.locator('select[name=remember]').selectOption('device');
        await dialog.locator('select[name=days]').selectOption('30');
        await dialog.getByRole('textbox', { name: 'Reason' }).fill(REASON);
        await dialog.getByRole('button', { name: 'Dismiss', exact: true }).click();
        await page.locator('.head-facts').getByText('Dismissed').waitFor();
        same(await open(page, origin), 0, 'open ones of its kind');
        await page.getByRole('link', { name: 'Mistakes', exact: true }).click();
        const row = page.locator('main [data-row]', { hasText: REASON });
        await row.waitFor();
        const text = await row.textContent();
        for (const part of ['No encryption', 'the device itself', NAME, 'in 30 days', 'just now', 'by ']) {
            expect(text.includes(part), `nothing of '${part}' in '${text}'`);
        }
        await auditPage(page, 'the list of mistakes');
    });
}

async function filtering(t, { page, origin }) {
    await t.check('mistakes are filtered by force, by whom they are for and by words', async () => {
        const made = await post(page, origin, '/mistakes', { reason: 'Two masters of one address, as they should be', threat: 'network.dhcp_rogue', subject: CAFE });
        same(made.status(), 201, 'an entry for everybody');
        await page.goto(`${origin}/#/mistakes`);
        await page.reload();
        await page.locator('main [data-row]').nth(1).waitFor();
        await page.getByLabel('For whom').selectOption('all');
        await until('the filter is in the address', 5000, () => page.url().includes('scope:all'));
        await page.locator('main [data-row]', { hasText: REASON }).waitFor({ state: 'detached' });
        await page.reload();
        const row = page.locator('main [data-row]');
        await row.getByRole('link', { name: 'Network c0ffee01' }).waitFor();
        same(await row.count(), 1, 'rows');
        await page.getByRole('button', { name: 'Expired' }).click();
        await page.getByText('No mistake matches these filters').waitFor();
        await page.getByRole('link', { name: 'Show all of them' }).click();
        await row.nth(1).waitFor();
        await page.getByRole('searchbox').fill('encrypted below');
        await row.nth(1).waitFor({ state: 'detached' });
        expect((await row.first().textContent()).includes(REASON), 'another row was found');
    });

    await t.check('exceptions that stand elsewhere are one step away', async () => {
        for (const [name, heading] of [['Open exceptions for apps', 'Apps'], ['Open rules for apps', 'Apps'], ['Open trusted networks', 'Networks']]) {
            await page.goto(`${origin}/#/mistakes`);
            await page.getByRole('region', { name: 'Exceptions elsewhere' }).getByRole('link', { name }).click();
            await page.getByRole('heading', { name: heading, level: 1 }).waitFor();
        }
    });
}

async function withdrawing(t, { page, origin }) {
    await t.check('an entry that holds something back says how often', async () => {
        const [own] = (await (await page.request.get(`${origin}/api/v1/incidents?filter=threat:${THREAT}`)).json()).items;
        same((await post(page, origin, `/incidents/${own.id}/reopen`, { reason: 'look again' })).status(), 200, 'reopened');
        same(await open(page, origin), 1, 'open ones');
        const body = { reason: NATIVE, threat: THREAT, scope: 'device', device: own.device.id };
        same((await post(page, origin, '/mistakes', body)).status(), 201, 'an entry for one device');
        same(await open(page, origin), 0, 'open ones while it is in force');
        await page.goto(`${origin}/#/mistakes`);
        const row = page.locator('main [data-row]', { hasText: NATIVE });
        await row.getByText('last just now').waitFor();
        same(await row.locator('.cell-uses').textContent(), '1 incidentlast just now', 'how often');
    });

    await t.check('withdrawing asks first, by keyboard alone, and what it held back is open again', async () => {
        const button = (reason) => page.getByRole('button', { name: `Withdraw No encryption: ${reason}` });
        const dialog = page.getByRole('dialog');
        await button(NATIVE).focus();
        await page.keyboard.press('Enter');
        await dialog.getByText(`said: ${NATIVE}`).waitFor();
        await auditPage(page, 'the question before withdrawing');
        await page.keyboard.press('Escape');
        await dialog.waitFor({ state: 'detached' });
        same(await open(page, origin), 0, 'open ones while it is kept');
        for (const reason of [REASON, NATIVE]) {
            await button(reason).focus();
            await page.keyboard.press('Enter');
            await dialog.getByRole('button', { name: 'Withdraw', exact: true }).focus();
            await page.keyboard.press('Enter');
            await button(reason).waitFor({ state: 'detached' });
        }
        same(await open(page, origin), 1, 'open ones after both were withdrawn');
        await page.getByRole('button', { name: 'Expired' }).click();
        const row = page.locator('main [data-row]', { hasText: REASON });
        await row.getByText('Expired', { exact: true }).waitFor();
        same(await row.getByRole('button', { name: /^Withdraw / }).count(), 0, 'buttons of what is over');
        await row.locator('a[data-main]').click();
        await page.getByRole('heading', { name: 'Incidents', level: 1 }).waitFor();
        await page.locator('main [data-row]', { hasText: NAME }).waitFor({ timeout: LIVE_MS });
    });
}

async function viewing(t, { page, origin, watch }) {
    await t.check('who sees some groups only sees no entry of others, and no way to withdraw', async () => {
        const made = await post(page, origin, '/users/signin-link', { name: 'Warehouse', role: 'responder', groups: ['warehouse'] });
        same(made.status(), 201, 'the link');
        const other = await watch.page({ viewport: { width: 360, height: 740 } });
        await other.goto((await made.json()).url);
        await other.getByRole('heading', { name: 'Overview' }).waitFor();
        await other.goto(`${origin}/#/mistakes?filter=q:`);
        await other.getByText('You see what concerns the devices of your groups').waitFor();
        await other.getByText('No mistake matches these filters').waitFor();
        await auditPage(other, 'mistakes of some groups on a phone');
        await other.context().close();
    });
}

// Leaves one entry in force, for everybody.
export async function mistakes(t, ctx) {
    await marking(t, ctx);
    await filtering(t, ctx);
    await withdrawing(t, ctx);
    await viewing(t, ctx);
}
