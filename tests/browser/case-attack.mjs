// case-attack.mjs - the full circle: a token made in the console, a device that enrols with it, an
// attack that it reports, and the incident on a page that nobody reloaded.
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { auditPage } from './audit.mjs';
import { Device, forgedChain } from './device.mjs';
import { arpSpoof, ATTACKER, forgedTls, HOST, joined, left, posture, ROUTER, started } from './scenes.mjs';
import { expect, same, until } from './tally.mjs';

const LIVE_MS = 30_000;
export const NAME = 'bench-laptop';

const keep = (page) => page.evaluate(() => {
    window.notReloaded = true;
});
const kept = async (page) => expect(await page.evaluate(() => window.notReloaded === true), 'the page was loaded anew');

// Runs picket-agent with what the console showed, and a state of its own.
// What was copied, as a person sees it: the page itself may not read the clipboard.
async function pasted(page) {
    await page.evaluate(() => {
        const field = document.createElement('textarea');
        field.id = 'pasted';
        document.querySelector('main').append(field);
        field.focus();
    });
    await page.keyboard.press('Control+V');
    return page.evaluate(() => {
        const field = document.getElementById('pasted');
        field.remove();
        return field.value;
    });
}

async function enrolAgent(server, words) {
    const dir = join(server.dir, 'agent');
    const config = join(server.dir, 'agent.yaml');
    mkdirSync(dir, { mode: 0o700 });
    writeFileSync(config, `state_dir: "${dir}"\n`);
    await promisify(execFile)(join(server.bin, 'picket-agent'), [...words, '--config', config], { timeout: 20_000 });
}

// Opens an incident from the list by its threat.
export async function openIncident(page, origin, threat) {
    await page.goto(`${origin}/#/incidents?filter=threat:${threat}`);
    await page.locator('main [data-row] a[data-main]').first().click();
    await page.getByRole('heading', { name: 'Evidence' }).waitFor();
}

async function enrolment(t, ctx) {
    const { page, origin, server } = ctx;
    await t.check('a token is made: QR code, command, secret shown once', async () => {
        await page.goto(`${origin}/#/enrolment`);
        await page.getByLabel('Label').fill('Bench');
        await page.getByRole('button', { name: 'Make token' }).click();
        const qr = page.getByAltText('QR code with the enrolment address and token');
        await qr.waitFor();
        await until('the QR code is drawn', 3000, () => qr.evaluate((img) => img.complete && img.naturalWidth > 0));
        const command = await page.getByLabel('the enrolment command', { exact: true }).textContent();
        const parts = command.trim().split(/\s+/);
        same(parts.slice(0, 2).join(' '), 'picket-agent enroll', 'the command');
        expect(/^https:\/\//.test(parts[2]) && parts.length === 4, `not 'picket-agent enroll URL TOKEN': ${command}`);
        ctx.token = /^[0-9a-f]+/.exec(parts[3])[0];
        await auditPage(page, 'the new token');
        await page.getByRole('button', { name: 'Done' }).click();
        await page.getByRole('row', { name: /Bench/ }).getByText('1 of 1').waitFor();
    });

    await t.check('the command as shown enrols the real agent, and the page shows it at once', async () => {
        await page.goto(`${origin}/#/enrolment`);
        await page.getByLabel('Label').fill('Agent');
        await page.getByRole('button', { name: 'Make token' }).click();
        const command = await page.getByLabel('the enrolment command', { exact: true }).textContent();
        await page.getByRole('button', { name: 'Done' }).click();
        await page.goto(`${origin}/#/devices`);
        await page.getByText('No devices yet').waitFor();
        await keep(page);
        await enrolAgent(server, command.trim().split(/\s+/).slice(1));
        await page.locator('main [data-row]', { hasText: hostname() }).waitFor({ timeout: LIVE_MS });
        await kept(page);
    });

    await t.check('the device that enrols appears without a reload', async () => {
        await page.goto(`${origin}/#/devices`);
        await page.locator('main [data-row]', { hasText: hostname() }).waitFor();
        await keep(page);
        ctx.device = new Device({ origin, ca: server.ca, dir: join(server.dir, 'device'), name: NAME });
        await ctx.device.enrol(ctx.token);
        const answer = await ctx.device.report([started, posture, joined]);
        same(answer.status, 200, `report: ${answer.body}`);
        await page.getByRole('row', { name: new RegExp(NAME) }).getByText('Active', { exact: true }).waitFor({ timeout: LIVE_MS });
        await kept(page);
    });
}

async function attack(t, ctx) {
    const { page, origin, server } = ctx;
    await t.check('an attack appears live on the overview, with a note', async () => {
        await page.goto(`${origin}/#/`);
        await page.getByText('Open incidents').first().waitFor();
        await keep(page);
        ctx.chain = forgedChain(join(server.dir, 'forged'), HOST);
        const from = Date.now();
        const answer = await ctx.device.report([arpSpoof, forgedTls(ctx.chain)]);
        same(answer.status, 200, `report: ${answer.body}`);
        const row = page.getByRole('table', { name: 'Gravest open incidents' }).getByRole('row', { name: /TLS untrusted CA/ });
        await row.waitFor({ timeout: LIVE_MS });
        const seconds = ((Date.now() - from) / 1000).toFixed(1);
        await page.getByRole('table', { name: 'Gravest open incidents' }).getByRole('row', { name: /ARP spoof/ }).waitFor({ timeout: LIVE_MS });
        expect(await page.locator('.toast').count() > 0, 'no note in the corner');
        await kept(page);
        return `${seconds} s after the report`;
    });
}

async function evidence(t, ctx) {
    const { page, origin } = ctx;
    await t.check('the certificate chain is drawn; PEM and fingerprint are those of the forged one', async () => {
        await openIncident(page, origin, 'network.tls_untrusted_ca');
        const certs = page.locator('.cert');
        same(await certs.count(), 2, 'certificates');
        await certs.nth(0).getByText(HOST).first().waitFor();
        await certs.nth(1).getByText('self-signed').waitFor();
        await certs.nth(0).getByText('Details').click();
        const shown = await certs.nth(0).getByText(/^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/).first().textContent();
        same(shown.replaceAll(':', '').toLowerCase(), ctx.chain[0].sha256, 'SHA-256');
        await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
        await certs.nth(0).getByRole('button', { name: /^Copy the PEM/ }).click();
        await certs.nth(0).getByText('Copied').waitFor();
        same((await pasted(page)).trim(), ctx.chain[0].pem.trim(), 'PEM');
    });

    await t.check('facts beside it: rule, ATT&CK, NIST, employee text, time line', async () => {
        const side = page.locator('.column-side');
        await side.getByText('T1638').waitFor();
        await side.getByText('LPN-3').waitFor();
        await side.getByRole('heading', { name: 'What the employee reads' }).waitFor();
        expect(await side.locator('.phone li').count() >= 1, 'no next steps for the employee');
        await side.getByText('Detected').waitFor();
        const rule = await side.locator('dt', { hasText: 'Rule' }).locator('xpath=following-sibling::dd').textContent();
        expect(rule.trim().length > 2, 'no rule id');
    });

    await t.check('before and after of the router are drawn side by side', async () => {
        await openIncident(page, origin, 'network.arp_spoof');
        const table = page.locator('.evidence .compare');
        const changed = table.locator('tr.changed', { hasText: ROUTER });
        expect((await changed.first().textContent()).includes(ATTACKER), 'the changed row does not show both addresses');
    });
}

async function ending(t, ctx) {
    const { page, device } = ctx;
    const state = (text) => page.locator('.head-facts').getByText(text, { exact: true }).waitFor({ timeout: LIVE_MS });
    await t.check('the incident ends by itself when the device leaves, and begins again with the attack', async () => {
        await keep(page); // on the page of the forged router
        same((await device.report([left])).status, 200, 'report of leaving');
        await state('Resolved');
        await page.locator('.timeline').getByText('Resolved').waitFor();
        same((await device.report([joined, arpSpoof, forgedTls(ctx.chain)])).status, 200, 'report of the attack');
        await state('Open');
        await kept(page);
    });
}

export async function circle(t, ctx) {
    await enrolment(t, ctx);
    await attack(t, ctx);
    await evidence(t, ctx);
    await ending(t, ctx);
}
