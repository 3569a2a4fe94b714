// test.mjs - the console in a real browser against a real server. See run for how to call it.
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { apps } from './case-apps.mjs';
import { circle } from './case-attack.mjs';
import { consolePages } from './case-console.mjs';
import { crowd } from './case-crowd.mjs';
import { door } from './case-door.mjs';
import { empty } from './case-empty.mjs';
import { lists } from './case-list.mjs';
import { looks, themes } from './case-looks.mjs';
import { me } from './case-me.mjs';
import { mistakes } from './case-mistakes.mjs';
import { networks } from './case-networks.mjs';
import { running } from './case-run.mjs';
import { words } from './case-words.mjs';
import { Server } from './server.mjs';
import { none, Tally } from './tally.mjs';
import { openBrowser, Watch } from './watch.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const { values } = parseArgs({
    options: { build: { type: 'string' }, screenshots: { type: 'string' }, link: { type: 'string' } },
});
const build = resolve(values.build ?? process.env.PICKET_BUILD ?? join(root, 'build'));

// What the cases ask for on purpose and the server must refuse.
const EXPECTED = [
    /^GET \/api\/v1\/session 401$/, // is anybody signed in?
    /^POST \/api\/v1\/session 401$/, // a wrong or spent link
    /^POST \/me\/api\/session 401$/, // a spent link to an employee's page
    /^GET \/me\/api\/state 401$/, // is it open?
    /^GET \/api\/v1\/events 401$/, // the poll of a session that just ended
];

// Only the looks, of a server that runs already and that the link opens.
async function visit(t, browser, link) {
    const { origin } = new URL(link);
    const watch = new Watch(browser, origin);
    const page = await watch.page();
    await page.goto(link);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await looks(t, { page, watch, origin, screenshots: values.screenshots ? resolve(values.screenshots) : null });
    await t.check('no error in the browser console', () => none(watch.errors, 'errors'));
    await t.check('no violation of the content security policy', () => none(watch.violations, 'violations'));
}

async function main(t, server, browser) {
    const watch = new Watch(browser, server.origin);
    const page = await watch.page();
    const ctx = {
        page, watch, server, origin: server.origin, link: server.signinLink(),
        screenshots: values.screenshots ? resolve(values.screenshots) : null,
        sample: join(root, 'tests/data/apps/androguard/TestActivity.apk'),
    };
    await door(t, ctx);
    await empty(t, ctx);
    await circle(t, ctx);
    await apps(t, ctx);
    await networks(t, ctx);
    await mistakes(t, ctx);
    await looks(t, ctx);
    await themes(t, ctx);
    await words(t, ctx);
    await consolePages(t, ctx);
    await lists(t, ctx);
    await crowd(t, ctx);
    await me(t, ctx);
    await running(t, ctx);
    await t.check('no error in the browser console', () => none(watch.errors, 'errors'));
    await t.check('no violation of the content security policy', () => none(watch.violations, 'violations'));
    await t.check('no request to anywhere else', () => none(watch.foreign, 'requests'));
    await t.check('the server refused nothing that it should not', () => none(
        watch.refused.filter((line) => !EXPECTED.some((e) => e.test(line))), 'refused calls'));
}

const t = new Tally();
let server;
let browser;

async function whole() {
    for (const [what, path] of [['the server', 'bin/picketd'], ['the console', 'console/index.html']]) {
        if (!existsSync(join(build, path))) {
            throw new Error(`${what} is not built: '${join(build, path)}' is missing; run: make build`);
        }
    }
    server = await Server.create(build);
    await server.start();
    browser = await openBrowser();
    await main(t, server, browser);
}

try {
    if (values.link) {
        browser = await openBrowser();
        await visit(t, browser, values.link);
    } else {
        await whole();
    }
} catch (error) {
    t.failed++;
    console.log(`FAILED  ${error?.message ?? error}`);
} finally {
    await browser?.close();
    await server?.stop();
    if (server && t.failed > 0) {
        console.log(`the end of the server's log:\n${server.logTail()}`);
    }
    server?.remove();
}
process.exitCode = t.end();
