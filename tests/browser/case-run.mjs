// case-run.mjs - running Picket from the console: a device and its end, API tokens, audit, events,
// and a server that goes away and comes back.
import { auditPage } from './audit.mjs';
import { NAME } from './case-attack.mjs';
import { posture } from './scenes.mjs';
import { expect, same, until } from './tally.mjs';

async function device(t, ctx) {
    const { page, origin } = ctx;
    await t.check('the device page tells risk with parts, posture and network', async () => {
        await page.goto(`${origin}/#/devices?filter=q:${NAME}`);
        await page.locator('main [data-row]').getByRole('link', { name: NAME }).click();
        await page.getByRole('heading', { name: NAME, level: 1 }).waitFor();
        await page.getByRole('img', { name: /^Risk \d+ of 100/ }).waitFor();
        await page.locator('.parts li').first().waitFor();
        expect(await page.locator('.parts').getByText('To lower it:').count() > 0, 'no way to lower the risk');
        await page.getByText('Not encrypted').first().waitFor();
        await page.getByText('02:00:5e:10:00:01').first().waitFor();
    });
}

async function pageLink(t, { page, origin, watch }) {
    await t.check('a link to the page of the employee is made, shown once as code and text, and opens it', async () => {
        await page.goto(`${origin}/#/devices?filter=q:${NAME}`);
        await page.locator('main [data-row]').getByRole('link', { name: NAME }).click();
        await page.getByRole('heading', { name: NAME, level: 1 }).waitFor();
        await page.getByRole('button', { name: "Employee's page …" }).click();
        const dialog = page.getByRole('dialog');
        await auditPage(page, 'before the link is made');
        await dialog.getByRole('button', { name: 'Make the link' }).click();
        const qr = dialog.getByAltText("QR code with the link to the employee's page");
        await qr.waitFor();
        await until('the QR code is drawn', 3000, () => qr.evaluate((img) => img.complete && img.naturalWidth > 0));
        const link = (await dialog.getByLabel("the link to the employee's page", { exact: true }).textContent()).trim();
        expect(link.startsWith(`${origin}/me#`), `not a link to the page: ${link}`);
        await auditPage(page, 'the link to the page of the employee');
        await dialog.getByRole('button', { name: 'Done' }).click();
        await dialog.waitFor({ state: 'detached' });
        const other = await watch.page({ viewport: { width: 360, height: 740 } });
        await other.goto(link);
        await other.locator('main h1').waitFor();
        same((await other.request.get(`${origin}/me/api/state`)).status(), 200, 'the session of the page');
        await other.context().close();
    });
}

async function revoking(t, ctx) {
    const { page, origin } = ctx;
    await t.check('revoking asks for a reason, and the device is refused from then on', async () => {
        await page.goto(`${origin}/#/devices?filter=q:${NAME}`);
        await page.getByRole('link', { name: NAME }).click();
        await page.getByRole('button', { name: 'Revoke …' }).click();
        await page.getByRole('dialog').getByRole('button', { name: 'Stolen' }).click();
        await page.getByRole('button', { name: 'Revoke the certificate' }).click();
        await page.locator('.head-facts').getByText('Revoked').waitFor();
        await page.locator('.callout').getByText('Stolen').waitFor();
        same((await ctx.device.report([posture])).status, 403, 'a report of the revoked device');
    });
}

async function tokens(t, { page, origin }) {
    await t.check('an API token works until it is deleted', async () => {
        await page.goto(`${origin}/#/system/tokens`);
        await page.getByLabel('Name').fill('reader');
        await page.getByRole('button', { name: 'Make token' }).click();
        const secret = (await page.getByLabel('the API token', { exact: true }).textContent()).trim();
        await page.getByRole('button', { name: 'Done' }).click();
        const ask = async () => {
            const answer = await fetchBare(page, `${origin}/api/v1/incidents?limit=1`, secret);
            return answer.status();
        };
        same(await ask(), 200, 'with the token');
        await page.getByRole('button', { name: 'Delete the token reader' }).click();
        await page.getByRole('button', { name: 'Really delete the token reader' }).click();
        await page.getByText('No API tokens').waitFor();
        same(await ask(), 401, 'after it was deleted');
    });

    await t.check('the audit tells what was done here', async () => {
        await page.goto(`${origin}/#/system/audit`);
        await page.locator('main [data-row]').nth(3).waitFor();
        const text = await page.getByRole('table', { name: 'Audit' }).textContent();
        for (const word of ['dismiss', 'token']) {
            expect(text.toLowerCase().includes(word), `nothing about '${word}' in the audit`);
        }
    });
}

// A call without the page's cookies.
async function fetchBare(page, url, token) {
    const context = await page.context().browser().newContext({ ignoreHTTPSErrors: true });
    const answer = await context.request.get(url, { headers: { Authorization: `Bearer ${token}` } });
    await context.close();
    return answer;
}

async function events(t, { page, origin }) {
    await t.check('the event page shows what happened, filtered by kind', async () => {
        await page.goto(`${origin}/#/events`);
        await page.reload();
        await page.getByText('Incident opened').first().waitFor();
        await page.getByText('Device enrolled').first().waitFor();
        await page.getByRole('button', { name: 'Alerts' }).click();
        await page.getByText('Incident opened').first().waitFor({ state: 'detached' });
    });
}

async function outage(t, { page, origin, server, watch }) {
    await t.check('a server that goes away is told, and the page comes back by itself', async () => {
        await page.goto(`${origin}/#/incidents`);
        await page.locator('[data-live=live]').waitFor();
        watch.down = true;
        await server.stop();
        await page.locator('[data-live=offline]').waitFor({ timeout: 40_000 });
        await server.start();
        await page.locator('[data-live=live]').waitFor({ timeout: 40_000 });
        watch.down = false;
    });
}

export async function running(t, ctx) {
    await device(t, ctx);
    await pageLink(t, ctx);
    await tokens(t, ctx);
    await events(t, ctx);
    await outage(t, ctx);
    await revoking(t, ctx);
}
