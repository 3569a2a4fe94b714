// case-me.mjs - the employee's page on a phone and on a desktop, in both colours and five languages: what it says, how a thing is
// fixed, that nothing of it overflows, and that it can be used by keyboard alone.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { auditPage } from './audit.mjs';
import { Device } from './device.mjs';
import { ATTACKER, CAFE, ROUTER } from './scenes.mjs';
import { expect, none, same, until } from './tally.mjs';

const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };
const DESKTOP = { viewport: { width: 1280, height: 800 } };
const LOOKS = [
    ['phone-light', { ...PHONE, colorScheme: 'light' }], ['phone-dark', { ...PHONE, colorScheme: 'dark' }],
    ['light', { ...DESKTOP, colorScheme: 'light' }], ['dark', { ...DESKTOP, colorScheme: 'dark' }],
];
const LANGUAGES = { en: 'Act now', de: 'Jetzt handeln', fr: 'Agissez maintenant', es: 'Actúe ya', it: 'Agisca subito' };
const LIVE_MS = 15_000;
const SSID = 'Café <b>Guest</b>'; // a name that an attacker chose
const PICTURES = 'phone-light phone-dark light';

const posture = (more = {}) => ({
    kind: 'posture',
    body: {
        platform: 'android', model: 'Pixel 8', os_name: 'Android', os_version: '14', patch: new Date().toISOString().slice(0, 10),
        updates_waiting: 0, disk_encrypted: true, screen_lock: true, developer_mode: false, root_signs: [], ...more,
    },
});
const network = {
    kind: 'network', on: CAFE,
    body: { event: 'joined', link: 'wifi', security: 'wpa2', bssid: '02:00:5e:20:00:01', gateway: '192.0.2.1', gateway_mac: ROUTER, dns: ['192.0.2.1'] },
};
const router = (bad) => ({
    kind: 'gateway', on: CAFE,
    body: {
        address: '192.0.2.1', mac: bad ? ATTACKER : ROUTER, mac_before: ROUTER,
        ...(bad ? { mac_rival: ATTACKER, probes: 3, old_answers: 3, rival_claims: 20, unasked_claims: 20 } : {}),
    },
});
const dns = { kind: 'dns', on: CAFE, body: { resolver: '192.0.2.1', nx_probes: 2, nx_answered: 0 } };
const app = (bytes, label) => ({
    package: 'tests.androguard', version: '1.0', version_code: 1, sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length, label,
});

async function enrolled({ server, origin }) {
    const link = execFileSync(join(server.bin, 'picketd'), ['--config', server.config, '--issue-enrollment'],
        { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).split(/\s/)[0];
    const device = new Device({ origin, ca: server.ca, dir: join(server.dir, 'annas-phone'), name: 'annas-phone' });
    await device.enrol(link.split('#')[1].split('.')[0]);
    device.link = async () => JSON.parse((await device.send('POST', '/v1/page', { mutual: true })).body).url;
    device.tell = async (...rows) => {
        const { status, body } = await device.report(rows);
        same(status, 200, `the report's status (${body})`);
    };
    return device;
}

const shown = (page) => page.evaluate(() => document.querySelector('main h1')?.textContent);
const word = (page, text) => until(`the page says "${text}", not "${''}"`, LIVE_MS, async () => {
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    return await shown(page) === text;
});

// Everything that can be pressed is 44 px high or wide, and nothing is cut off.
async function fits(page, what) {
    none(await page.evaluate(() => {
        const out = [];
        const seen = (el) => el.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) && el.getClientRects().length > 0;
        for (const el of document.querySelectorAll('button, select, summary, nav a, a.button, textarea')) {
            const box = el.getBoundingClientRect();
            if (seen(el) && (box.height < 43.5 || box.width < 43.5)) {
                out.push(`${Math.round(box.width)} x ${Math.round(box.height)}: ${el.textContent.trim().slice(0, 40)}`);
            }
        }
        for (const el of document.querySelectorAll('main *, nav *')) {
            if (seen(el) && !el.closest('.sr, pre, svg, table .n') && el.scrollWidth > el.clientWidth + 1 && el.clientWidth > 0 &&
                getComputedStyle(el).display !== 'inline') {
                out.push(`overflows by ${el.scrollWidth - el.clientWidth}: <${el.tagName} ${el.className}> ${el.textContent.trim().slice(0, 40)}`);
            }
        }
        if (parseFloat(getComputedStyle(document.body).fontSize) < 16) {
            out.push('text is smaller than 16 px');
        }
        return [...new Set(out)];
    }), `things that do not fit on ${what}`);
}

// The keyboard walks down the page: each stop is below or beside the one before, and can be seen.
async function keyboard(page) {
    const stops = [];
    await page.evaluate(() => document.activeElement?.blur());
    for (let i = 0; i < 40; i++) {
        await page.keyboard.press('Tab');
        const stop = await page.evaluate(() => {
            const el = document.activeElement;
            const box = el.getBoundingClientRect();
            const fixed = el.closest('.tabs, .skip') !== null;
            return el === document.body ? null : { text: (el.textContent || el.getAttribute('aria-label') || '').trim().slice(0, 30),
                top: Math.round(box.top + scrollY), fixed, ring: getComputedStyle(el).outlineStyle !== 'none' };
        });
        if (stop === null) {
            break;
        }
        stops.push(stop);
    }
    expect(stops.length >= 6, `only ${stops.length} stops`);
    none(stops.filter((s) => !s.ring).map((s) => s.text), 'stops without a ring');
    const flow = stops.filter((s) => !s.fixed);
    none(flow.slice(1).filter((s, i) => s.top < flow[i].top - 12).map((s) => s.text), 'stops that jump up');
}

// A careful warning by real means: the file's hash in the organisation's indicators, the file read by the server.
async function careful(ctx, device) {
    const { page, server, origin, sample } = ctx;
    const bytes = readFileSync(sample);
    const one = app(bytes, 'System Service');
    const dir = join(server.dir, 'intel');
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'samples.csv'), `SHA256,Package Name,Certificate,Version,App\n${one.sha256},tests.androguard,,1,Watcher\n`);
    execFileSync(join(server.bin, 'picket'), ['intel', 'import', '--set', join(dir, 'one.set'), '--source', 'stalkerware', '--category', 'stalkerware',
        join(dir, 'samples.csv')], { stdio: 'pipe' });
    const put = await page.request.put(`${origin}/api/v1/intel`, {
        headers: { 'X-Picket-Request': '1', 'Content-Type': 'application/json' }, data: readFileSync(join(dir, 'one.set')),
    });
    same(put.status(), 200, `the indicators (${(await put.text()).slice(0, 200)})`);
    const sent = await page.request.post(`${origin}/api/v1/app-files?name=system.apk`, {
        headers: { 'X-Picket-Request': '1', 'Content-Type': 'application/octet-stream' }, data: bytes,
    });
    expect(sent.status() === 202 || sent.status() === 200, `the file: ${sent.status()} ${(await sent.text()).slice(0, 200)}`);
    await device.tell({ kind: 'apps', body: { event: 'all', items: [one] } });
    const found = async () => (await (await page.request.get(`${origin}/api/v1/incidents?filter=threat:malware.stalkerware`)).json()).items[0];
    return until('the incident is there', LIVE_MS, found);
}

async function opening(t, ctx, device, phone) {
    await t.check('without a link the page says how to get one', async () => {
        await phone.goto(`${ctx.origin}/me`);
        await phone.getByRole('heading', { name: 'Open this page from your device' }).waitFor();
        await phone.getByText('picket-agent page --open').waitFor();
        await auditPage(phone, 'the door');
        await fits(phone, 'the door');
    });
    await t.check('a link opens it, and leaves no secret in the address bar', async () => {
        const link = await device.link();
        await phone.goto('about:blank');
        await phone.goto(`${link}&net=${CAFE}&name=${encodeURIComponent(SSID)}`);
        await phone.getByRole('heading', { level: 1 }).waitFor();
        await word(phone, 'Protected');
        same(new URL(phone.url()).hash, '', 'what follows the #');
        const other = await ctx.watch.page(PHONE);
        await other.goto(link);
        await other.getByText('This link was used already').waitFor();
        await other.context().close();
    });
    await t.check('the network has the name that only this browser knows, as text', async () => {
        await phone.getByText(SSID, { exact: true }).waitFor();
        const sent = await phone.evaluate(() => performance.getEntriesByType('resource').map((e) => decodeURIComponent(e.name)).join('\n'));
        expect(!sent.includes('Guest'), 'the name travelled');
    });
}

async function fixing(t, ctx, device, phone) {
    await t.check('an attack shows by itself: act now, the thing open, its steps, the way there', async () => {
        await device.tell(router(true), posture({ screen_lock: false }));
        await word(phone, 'Act now');
        const thing = phone.locator('.thing').first();
        await thing.getByText(`“${SSID}”`).or(thing.getByText(`"${SSID}"`)).first().waitFor();
        expect((await thing.locator('.steps li').count()) <= 3, 'more than three steps');
        same(await thing.getByRole('link', { name: 'Open Wi-Fi' }).getAttribute('href'), 'intent:#Intent;action=android.settings.WIFI_SETTINGS;end', 'the way there');
        await thing.getByText('By hand: Settings › Network and internet › Wi-Fi').waitFor();
    });
    await t.check('a card leads to its thing', async () => {
        await phone.getByRole('button', { name: /^Device/ }).click();
        same(await phone.evaluate(() => document.activeElement?.getAttribute('aria-expanded')), 'true', 'the thing is open');
        await phone.getByRole('link', { name: 'Open screen lock' }).waitFor();
    });
    await t.check('the link of an alert leads to its thing where the page is open, and is no way in elsewhere', async () => {
        const all = await (await ctx.page.request.get(`${ctx.origin}/api/v1/incidents?filter=threat:physical.no_passcode&limit=50`)).json();
        const { id } = all.items.find((i) => i.device.name === 'annas-phone');
        await phone.goto(`${ctx.origin}/me#item=${id}`);
        await phone.locator(`[id="${id}"][aria-expanded=true]:focus`).waitFor();
        const other = await ctx.watch.page(PHONE);
        await other.goto(`${ctx.origin}/me#item=${id}`);
        await other.getByText(`picket-agent page ${id} --open`).waitFor();
        await other.goto('about:blank');
        await other.goto(`${ctx.origin}/me#item=a;b`);
        await other.getByText('picket-agent page --open').waitFor();
        await other.context().close();
    });
    await t.check('"remind me tomorrow" and "this is a mistake"', async () => {
        const thing = phone.locator('.thing', { has: phone.getByRole('link', { name: 'Open screen lock' }) });
        await thing.getByRole('button', { name: 'This is a mistake' }).click();
        await thing.getByLabel('Your note').fill('It has a lock');
        await thing.getByRole('button', { name: 'Send' }).click();
        await thing.getByText('Somebody will look at it.').waitFor();
        await thing.getByRole('button', { name: 'Remind me tomorrow' }).click();
        await phone.getByRole('heading', { name: 'For tomorrow' }).waitFor();
        const all = await (await ctx.page.request.get(`${ctx.origin}/api/v1/incidents?filter=threat:physical.no_passcode&limit=50`)).json();
        const mine = all.items.find((i) => i.device.name === 'annas-phone');
        const full = await (await ctx.page.request.get(`${ctx.origin}/api/v1/incidents/${mine.id}`)).json();
        same(full.timeline.filter((l) => ['mistake', 'later'].includes(l.what)).map((l) => l.what).join(), 'mistake,later', 'what the responders see');
        same(full.timeline.find((l) => l.what === 'mistake').detail, 'It has a lock', 'the note');
    });
    await t.check('by keyboard alone, from top to bottom', () => keyboard(phone));
}

async function everywhere(t, ctx, device) {
    const { watch, screenshots } = ctx;
    for (const [id, options] of LOOKS) {
        const page = await watch.page(options);
        const picture = async (name) => {
            if (screenshots && PICTURES.split(' ').includes(id)) {
                mkdirSync(screenshots, { recursive: true });
                await page.screenshot({ path: join(screenshots, `me-${name}-${id}.png`) });
            }
        };
        await page.goto(`${await device.link()}&net=${CAFE}&name=CafeGuest`);
        await t.check(`now, ${id}: names, contrast, width, targets`, async () => {
            await word(page, 'Act now');
            await picture('now');
            await auditPage(page, `now, ${id}`);
            await fits(page, `now, ${id}`);
        });
        await t.check(`my privacy, ${id}`, async () => {
            await page.getByRole('link', { name: 'My privacy' }).click();
            await page.getByRole('heading', { name: 'Can never see' }).waitFor();
            await picture('privacy');
            await page.locator('summary').click();
            await page.getByText('network.name').or(page.getByText('name of the network, for your own eyes')).first().waitFor();
            await auditPage(page, `my privacy, ${id}`);
            await fits(page, `my privacy, ${id}`);
        });
        await page.context().close();
    }
}

async function languages(t, ctx, device) {
    const page = await ctx.watch.page({ ...PHONE, viewport: { width: 320, height: 640 }, locale: 'it-IT' });
    await page.goto(await device.link());
    await t.check("the browser's language is spoken until another is chosen", () => word(page, LANGUAGES.it));
    for (const [code, act] of Object.entries(LANGUAGES)) {
        await t.check(`${code} at 320 px: everything in it, nothing overflows`, async () => {
            await page.evaluate(() => { location.hash = '#now'; });
            await page.locator('header select').selectOption(code);
            await word(page, act);
            same(await page.evaluate(() => document.documentElement.lang), code, 'the language of the page');
            for (const closed of await page.locator('.thing [aria-expanded=false]').all()) {
                await closed.click();
                await auditPage(page, `now, ${code}`);
                await fits(page, `now, ${code}`);
            }
            const english = await page.evaluate((code) => [...document.querySelectorAll('[lang=en]')].filter((e) => e.tagName !== 'OPTION')
                .map((e) => e.textContent).filter(() => code !== 'en'), code);
            none(english, `English texts in ${code}`);
            await page.evaluate(() => { location.hash = '#privacy'; });
            await page.locator('.list').first().waitFor();
            await page.evaluate(() => [...document.querySelectorAll('.choice > .button')].slice(1).forEach((b) => b.click()));
            await page.locator('.danger').nth(1).waitFor();
            await auditPage(page, `my privacy, ${code}`);
            await fits(page, `my privacy, ${code}`);
        });
    }
    await t.check('the choice is kept for the next time', async () => {
        await page.evaluate(() => { location.hash = '#now'; });
        await page.locator('header select').selectOption('fr');
        await word(page, LANGUAGES.fr);
        const next = await ctx.watch.page({ ...PHONE, locale: 'en-GB' });
        await next.goto(await device.link());
        await word(next, LANGUAGES.fr);
        await next.locator('header select').selectOption('en');
        await word(next, LANGUAGES.en);
        await next.context().close();
    });
    await page.context().close();
}

async function beingCareful(t, ctx, device, phone) {
    await t.check('what may put the person in danger is not named on the screen', async () => {
        const incident = await careful(ctx, device);
        await phone.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
        const thing = phone.locator('.thing', { has: phone.getByRole('button', { name: 'Read help first' }) });
        await thing.waitFor();
        const text = await phone.locator('body').innerText();
        expect(!/System Service|androguard|watch what you do|spy/i.test(text), `the screen says too much:\n${text}`);
        await thing.getByRole('button', { name: 'Read help first' }).click();
        const exit = phone.locator('.exit');
        await exit.waitFor();
        expect(await exit.evaluate((el) => document.activeElement === el), 'the way out is not where the keyboard is');
        await auditPage(phone, 'the help');
        await fits(phone, 'the help');
        if (ctx.screenshots) {
            await phone.screenshot({ path: join(ctx.screenshots, 'me-careful-phone-light.png') });
        }
        expect(incident.id !== '', 'no incident');
    });
    await t.check('Escape leaves at once and leaves nothing', async () => {
        await phone.keyboard.press('Escape');
        await phone.waitForURL('about:blank');
        await phone.goto(`${ctx.origin}/me`);
        await phone.getByRole('heading', { name: 'Open this page from your device' }).waitFor();
    });
}

async function mended(t, ctx, device) {
    const page = await ctx.watch.page({ ...PHONE, colorScheme: 'light', reducedMotion: 'reduce' });
    await page.goto(`${await device.link()}&net=${CAFE}&name=CafeGuest`);
    await word(page, 'Act now');
    await t.check('"check again" asks the device, the page turns by itself when it is fixed', async () => {
        const seen = (list) => list.map((c) => c.id).join();
        const waiting = async (path) => JSON.parse((await device.send('GET', path, { mutual: true })).body || '{}').commands ?? [];
        await waiting(`/v1/wait?timeout=1&seen=${seen(await waiting('/v1/wait?timeout=1'))}`); // what it was told before
        const wait = waiting('/v1/wait?timeout=20');
        await page.getByRole('button', { name: 'Check again', exact: true }).click();
        const commands = await wait;
        expect(commands.some((c) => c.type === 'check'), JSON.stringify(commands));
        await page.getByText('Asking your device').waitFor();
        await waiting(`/v1/wait?timeout=1&seen=${seen(commands)}`);
        await device.tell(router(false), router(false), dns, posture({}), { kind: 'apps', body: { event: 'all', items: [] } },
            { kind: 'agent', body: { event: 'sensors', version: '0.1.0', sensors: [{ name: 'arp', state: 'on' }] } });
        await page.getByRole('heading', { name: 'Protected' }).waitFor();
        await page.getByText('Checked just now').waitFor();
        await page.getByRole('heading', { name: 'Solved lately' }).waitFor();
        if (ctx.screenshots) {
            await page.screenshot({ path: join(ctx.screenshots, 'me-protected-phone-light.png') });
        }
    });
    await t.check('the data come along as a file', async () => {
        await page.getByRole('link', { name: 'My privacy' }).click();
        const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download my data' }).click()]);
        const text = readFileSync(await file.path(), 'utf8');
        same(JSON.parse(text).format, 'picket-export-1', 'the format');
        expect(!text.includes('CafeGuest'), 'the name of the network is known to the server');
    });
    await t.check('leaving asks twice, and ends everything', async () => {
        await page.getByRole('button', { name: 'Leave' }).click();
        await page.getByRole('button', { name: 'Cancel' }).click();
        await page.getByRole('button', { name: 'Leave' }).click();
        await page.getByRole('button', { name: 'Yes, leave' }).click();
        await page.getByRole('heading', { name: 'This device has left' }).waitFor();
        await auditPage(page, 'the end');
        await page.reload();
        await page.getByRole('heading', { name: 'Open this page from your device' }).waitFor();
    });
    await page.context().close();
}

export async function me(t, ctx) {
    const device = await enrolled(ctx);
    const phone = await ctx.watch.page({ ...PHONE, colorScheme: 'light' });
    await device.tell(posture(), network, router(false), dns);
    await opening(t, ctx, device, phone);
    await fixing(t, ctx, device, phone);
    await everywhere(t, ctx, device);
    await languages(t, ctx, device);
    await beingCareful(t, ctx, device, phone);
    await mended(t, ctx, device);
    await phone.context().close();
}
