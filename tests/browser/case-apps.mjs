// case-apps.mjs - apps: an upload with progress, the report, who has it, a rule that refuses it, an exception that
// lets it pass, and both back again; on pages that nobody reloads.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { auditPage } from './audit.mjs';
import { NAME } from './case-attack.mjs';
import { expect, same, until } from './tally.mjs';

const LIVE_MS = 15_000;
const SLOW = 120_000; // bytes a second: slow enough to see the progress

async function slowly(page, body) {
    const session = await page.context().newCDPSession(page);
    const set = (upload) => session.send('Network.emulateNetworkConditions',
        { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: upload });
    await session.send('Network.enable');
    await set(SLOW);
    try {
        await body();
    } finally {
        await set(-1);
        await session.detach();
    }
}

async function uploading(t, { page, origin, apk }) {
    await t.check('an app is uploaded with progress, read, and its verdict shown', async () => {
        await page.goto(`${origin}/#/apps`);
        await page.getByRole('button', { name: 'Upload', exact: true }).click();
        const dialog = page.getByRole('dialog', { name: 'Upload an app' });
        await dialog.waitFor();
        await auditPage(page, 'the upload dialog');
        const seen = new Set();
        await slowly(page, async () => {
            await dialog.locator('input[type=file]').setInputFiles(apk);
            await until('the progress is seen', LIVE_MS, async () => {
                const value = await dialog.locator('progress').first().getAttribute('value', { timeout: 300 }).catch(() => null);
                if (value !== null) {
                    seen.add(Number(value));
                }
                return await dialog.getByText('See the whole report').isVisible();
            });
        });
        expect([...seen].some((v) => v > 0 && v < 100), `no progress between 0 and 100: ${[...seen]}`);
        await dialog.locator('.badge').waitFor();
        await auditPage(page, 'the result of an upload');
    });

    await t.check('its page tells reasons, identity and what it does', async () => {
        await page.getByRole('link', { name: 'See the whole report' }).click();
        await page.getByRole('heading', { level: 1 }).waitFor();
        await page.getByRole('region', { name: 'Why' }).getByRole('listitem').first().waitFor();
        const identity = page.getByRole('region', { name: 'Identity' });
        await identity.getByText('tests.androguard').first().waitFor();
        await identity.getByText(/^holds \(/).waitFor();
        await page.getByText('No device has it now.').waitFor();
    });
}

async function devices(t, ctx) {
    const { page, device, sha256 } = ctx;
    const had = { event: 'all', items: [{ package: 'tests.androguard', version: '1.0', version_code: 1, sha256, installer: '' }] };
    await t.check('a device that has it is listed', async () => {
        same((await device.report([{ kind: 'apps', body: had }])).status, 200, 'the report');
        await until('it is listed', LIVE_MS, async () => {
            await page.reload();
            await page.getByRole('region', { name: 'Who has it' }).waitFor();
            return await page.getByRole('region', { name: 'Who has it' }).getByRole('link', { name: NAME }).isVisible();
        });
    });
}

async function rules(t, ctx) {
    const { page, origin } = ctx;
    await t.check('a rule with a mistake is refused with its place', async () => {
        await page.goto(`${origin}/#/apps/rules`);
        const field = page.getByLabel('The document, as JSON');
        await field.fill('{"version": 1, "deny": [{"match": {"packge": "x"}, "reason": "y"}]}');
        ctx.watch.down = true; // the refusal is asked for
        await page.getByRole('button', { name: 'Save the rules' }).click();
        await page.getByRole('alert').getByText('packge').first().waitFor();
        ctx.watch.down = false;
        await field.fill('{"version": 1,');
        await page.getByRole('button', { name: 'Save the rules' }).click();
        await page.getByRole('alert').getByText('This is not JSON').waitFor();
    });

    await t.check('a rule that refuses the app is judged by at once', async () => {
        await page.getByLabel('The document, as JSON').fill(JSON.stringify({
            version: 1, deny: [{ match: { package: 'tests.androguard' }, reason: 'Not on work phones' }],
        }));
        await page.getByRole('button', { name: 'Save the rules' }).click();
        await page.getByText('Rules saved').waitFor();
        await page.goto(`${origin}/#/apps?filter=verdict:unwanted`);
        await page.locator('main [data-row] a[data-main]').first().waitFor({ timeout: LIVE_MS });
        await page.locator('main [data-row] a[data-main]').first().click();
        await page.getByRole('region', { name: 'Why' }).getByText('Not on work phones').first().waitFor({ timeout: LIVE_MS });
        await page.getByRole('region', { name: 'Incidents' }).getByRole('link', { name: NAME }).waitFor({ timeout: LIVE_MS });
        await auditPage(page, 'an app that is not wanted');
    });
}

async function exceptions(t, { page, origin }) {
    const badge = (text) => page.locator('.head-facts .badge').getByText(text);
    await t.check('an exception wants a reason, and the app passes from then on', async () => {
        await page.getByRole('button', { name: 'Make an exception …' }).click();
        const dialog = page.getByRole('dialog', { name: /^Exception for / });
        await dialog.waitFor();
        expect(await dialog.getByRole('button', { name: 'Make the exception' }).isDisabled(), 'it may be made without a reason');
        await auditPage(page, 'the exception dialog');
        await dialog.getByRole('button', { name: 'Needed for work, accepted by its owner' }).click();
        await dialog.getByLabel('Good for').selectOption('30');
        await dialog.getByRole('button', { name: 'Make the exception' }).click();
        await dialog.waitFor({ state: 'detached' });
        await badge('Nothing found').waitFor({ timeout: LIVE_MS });
        await page.getByRole('region', { name: 'Exceptions' }).getByText('Needed for work').waitFor();
        await page.getByText('Excepted here').first().waitFor();
    });

    await t.check('removed, it counts again', async () => {
        await page.goto(`${origin}/#/apps/exceptions`);
        await page.getByText('For tests.androguard').waitFor();
        await page.getByRole('button', { name: /^Delete the exception/ }).click();
        await page.getByRole('button', { name: /^Really delete/ }).click();
        await page.getByText('No exceptions').waitFor();
        await page.goto(`${origin}/#/apps`);
        await page.locator('main [data-row] .badge').getByText('Unwanted').waitFor({ timeout: LIVE_MS });
    });
}

async function elsewhere(t, { page, origin }) {
    await t.check('filters find the app, and its versions have pages', async () => {
        await page.getByRole('searchbox').fill('androguard');
        await until('the filter is in the address', 5000, () => page.url().includes('q:androguard'));
        await page.getByRole('button', { name: 'Unwanted' }).click();
        await page.locator('main [data-row] a[data-main]').first().click();
        await page.getByRole('region', { name: 'Versions' }).getByRole('link').first().click();
        await page.getByRole('link', { name: 'All versions' }).waitFor();
        await page.getByRole('region', { name: 'Who has it' }).getByRole('link', { name: NAME }).waitFor();
    });

    await t.check('the device tells its apps', async () => {
        await page.goto(`${origin}/#/devices?filter=q:${NAME}`);
        await page.getByRole('link', { name: NAME }).click();
        await page.getByRole('region', { name: 'Apps' }).getByText('tests.androguard').first().waitFor();
    });
}

export async function apps(t, ctx) {
    const apk = ctx.sample;
    const more = { ...ctx, apk, sha256: createHash('sha256').update(readFileSync(apk)).digest('hex') };
    await uploading(t, more);
    await devices(t, more);
    await rules(t, more);
    await exceptions(t, more);
    await elsewhere(t, more);
}
