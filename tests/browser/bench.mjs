// bench.mjs - how fast the console is on a large fleet: the overview from the click to the last paint, and lists
// while one scrolls through them.
//
//   node tests/browser/bench.mjs [--build DIR] [--devices N] [--rows N]
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Server } from './server.mjs';
import { openBrowser, Watch } from './watch.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const { values } = parseArgs({ options: {
    build: { type: 'string', default: join(root, 'build') }, devices: { type: 'string', default: '10000' }, rows: { type: 'string', default: '5000' },
} });
const TRIES = 9;

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const say = (what, list, unit = 'ms') => console.log(`${what.padEnd(58)} median ${median(list).toFixed(0)} ${unit}, worst ${Math.max(...list).toFixed(0)} ${unit}`);

async function fill(server) {
    await server.start();
    await server.stop();
    const store = readdirSync(server.state).find((name) => name === 'store.db' || name === 'picket.db');
    process.stdout.write(execFileSync('python3', [join(root, 'bench/console_fill.py'), join(server.state, store), values.devices], { encoding: 'utf8' }));
    await server.start();
}

// From here on the page keeps the times of its paints and of tasks that block for longer than 50 ms.
const observe = () => {
    window.tasks = [];
    new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map((e) => e.duration))).observe({ type: 'longtask', buffered: true });
};

// ms since the navigation began, when everything is there and was painted.
const complete = () => new Promise((done) => {
    const look = () => {
        const ready = document.querySelector('main h1') && !document.querySelector('.loading') && document.querySelectorAll('.trend-line').length > 0;
        requestAnimationFrame(() => ready ? setTimeout(() => done(performance.now())) : look());
    };
    look();
});

async function overview(watch, server, state) {
    const cold = [];
    const warm = [];
    const blocked = [];
    for (let i = 0; i < TRIES; i++) {
        const page = await watch.page({ storageState: state });
        await page.addInitScript(observe);
        await page.goto(`${server.origin}/#/`);
        cold.push(await page.evaluate(complete));
        await page.reload();
        warm.push(await page.evaluate(complete));
        blocked.push(Math.max(0, ...await page.evaluate(() => window.tasks)));
        await page.context().close();
    }
    say('Overview, empty cache, navigation to last paint', cold);
    say('Overview, again, navigation to last paint', warm);
    say('  longest task', blocked);
}

async function calls(page, server) {
    for (const path of ['/overview', '/trends?days=90', '/devices?sort=-risk&limit=50', '/incidents?limit=50', '/health']) {
        const times = [];
        for (let i = 0; i < TRIES; i++) {
            times.push(await page.evaluate(async (url) => {
                const began = performance.now();
                await (await fetch(url, { cache: 'no-store' })).text();
                return performance.now() - began;
            }, `${server.origin}/api/v1${path}`));
        }
        say(`GET ${path}`, times);
    }
}

async function list(page, server, path, name) {
    await page.goto('about:blank');
    await page.goto(`${server.origin}/#/${path}`);
    await page.locator('main [data-row]').first().waitFor();
    const wanted = Number(values.rows);
    const shown = async () => Number((await page.locator('.more .note').textContent()).split(' ')[0].replaceAll(',', ''));
    let rows = 0;
    while ((rows = await shown()) < wanted && await page.locator('.more button').count() > 0) {
        await page.locator('.more button').click();
        await page.waitForFunction((n) => Number(document.querySelector('.more .note').textContent.split(' ')[0].replaceAll(',', '')) > n, rows);
    }
    await page.evaluate(() => scrollTo(0, 0));
    await page.waitForTimeout(300);
    const { frames, tasks } = await page.evaluate(async () => {
        window.tasks = [];
        const frames = [];
        let last = performance.now();
        const end = last + 4000;
        while (performance.now() < end) {
            scrollBy(0, 120); // about what a wheel does in a frame
            await new Promise(requestAnimationFrame);
            frames.push(performance.now() - last);
            last = performance.now();
        }
        return { frames, tasks: window.tasks };
    });
    frames.sort((a, b) => a - b);
    console.log(`${name}: ${rows} rows, ${frames.length} frames in 4 s of scrolling, 95 % within ${frames[Math.floor(frames.length * 0.95)].toFixed(0)} ms, ` +
        `${tasks.length} tasks above 50 ms${tasks.length ? ` (longest ${Math.max(...tasks).toFixed(0)} ms)` : ''}`);
}

const server = await Server.create(resolve(values.build));
let browser;
try {
    await fill(server);
    browser = await openBrowser();
    const watch = new Watch(browser, server.origin);
    const page = await watch.page();
    await page.addInitScript(observe);
    await page.goto(server.signinLink());
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.evaluate(complete);
    const state = await page.context().storageState();
    await calls(page, server);
    await overview(watch, server, state);
    await list(page, server, 'devices', 'Devices');
    await list(page, server, 'incidents', 'Incidents');
} finally {
    await browser?.close();
    await server.stop();
    server.remove();
}
