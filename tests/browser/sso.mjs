// sso.mjs - a person signs in to the console by a real identity provider (glewlwyd), in a real browser, and out again.
//
//   tests/browser/run --script sso.mjs --origin https://localhost:PORT --user NAME --password WORDS [--screenshots DIR]
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { expect, none, same, Tally } from './tally.mjs';
import { openBrowser, Watch } from './watch.mjs';

const { values } = parseArgs({
    options: { origin: { type: 'string' }, user: { type: 'string' }, password: { type: 'string' }, screenshots: { type: 'string' } },
});
const { origin } = values;
const t = new Tally();

async function shot(page, name) {
    if (values.screenshots) {
        mkdirSync(values.screenshots, { recursive: true });
        await page.screenshot({ path: join(values.screenshots, `${name}.png`), fullPage: true });
    }
}

// glewlwyd's own pages: a name and a password, then what the client asks for.
async function showWho(page) {
    await page.getByPlaceholder('Your username').fill(values.user);
    await page.getByPlaceholder('Your password').fill(values.password);
    await page.getByRole('button', { name: 'OK', exact: true }).click();
    await page.getByText('Client access grant').waitFor();
}

async function grant(page) {
    await page.getByLabel('Profile').check();
    await page.getByLabel('Mail').check();
    await page.getByRole('button', { name: 'Grant access' }).click();
    await page.getByText('Please check the box').waitFor({ state: 'detached' }).catch(() => undefined);
    await page.getByRole('button', { name: 'Continue' }).click();
}

const who = (page) => page.evaluate(async () => {
    const answer = await fetch('/api/v1/session');
    return { status: answer.status, ...(await answer.json()).user };
});

const browser = await openBrowser();
const watch = new Watch(browser, origin);
try {
    const page = await watch.page();
    await t.check('the door offers the provider', async () => {
        await page.goto(`${origin}/`);
        await page.getByRole('link', { name: 'Sign in with glewlwyd' }).waitFor();
        await shot(page, 'door');
    });
    await t.check('a person says at the provider who that is', async () => {
        await page.getByRole('link', { name: 'Sign in with glewlwyd' }).click();
        await page.waitForURL((url) => url.origin !== origin);
        await showWho(page);
        await shot(page, 'provider');
    });
    await t.check('and is in the console, with the role of the group', async () => {
        await grant(page);
        await page.waitForURL((url) => url.origin === origin);
        await shot(page, 'console');
        await page.getByRole('heading', { name: 'Overview' }).waitFor();
        const user = await who(page);
        same(JSON.stringify([user.name, user.role, user.groups]), JSON.stringify(['olga', 'responder', ['store']]), 'who');
        expect(!page.url().includes('code='), `the address still tells the code: ${page.url()}`);
    });
    await t.check('no script can read the session', async () => {
        // Cookies know no port: the provider's, on the same machine, are there as well.
        expect(!(await page.evaluate(() => document.cookie)).includes('picket'), 'a cookie of ours');
        const cookies = (await page.context().cookies(origin)).filter((c) => c.name === '__Host-picket');
        expect(cookies.length === 1 && cookies[0].httpOnly && cookies[0].secure && cookies[0].sameSite === 'Strict', JSON.stringify(cookies));
    });
    await t.check('a reload stays in', async () => {
        await page.reload();
        await page.getByRole('heading', { name: 'Overview' }).waitFor();
    });
    await t.check('the way back works once', async () => {
        const other = await watch.page();
        const answer = await other.goto(`${origin}/auth/oidc/callback?state=${'0'.repeat(64)}&code=x`);
        same(answer.status(), 403, 'status');
        await other.getByRole('heading', { name: 'Signing in did not work' }).waitFor();
        await other.context().close();
    });
    await t.check('signing out ends the session and leads on to the provider', async () => {
        const answer = page.waitForResponse((r) => r.url().endsWith('/api/v1/session') && r.request().method() === 'DELETE');
        await page.getByRole('button', { name: /sign out/i }).first().click();
        same((await answer).status(), 200, 'status');
        await page.waitForURL((url) => url.origin !== origin);
        const again = await watch.page();
        await again.goto(`${origin}/`);
        await again.getByRole('link', { name: 'Sign in with glewlwyd' }).waitFor();
    });
    await t.check('no violation of the content security policy', () => none(watch.violations, 'violations'));
} catch (error) {
    t.failed++;
    console.log(`FAILED  ${error?.message ?? error}`);
} finally {
    await browser.close();
}
process.exitCode = t.end();
