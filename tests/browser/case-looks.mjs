// case-looks.mjs - every page in both colours and on a phone: names, contrast, width; and pictures.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { auditPage } from './audit.mjs';

const LOOKS = [
    { id: 'light', colorScheme: 'light', viewport: { width: 1280, height: 860 } },
    { id: 'dark', colorScheme: 'dark', viewport: { width: 1280, height: 860 } },
    { id: 'phone', colorScheme: 'light', viewport: { width: 390, height: 844 } },
    { id: 'phone-dark', colorScheme: 'dark', viewport: { width: 360, height: 780 } },
];

export async function addresses(page, origin) {
    const first = async (path) => (await (await page.request.get(`${origin}/api/v1${path}`)).json()).items[0]?.id;
    const bad = (await (await page.request.get(`${origin}/api/v1/crowd/bad?filter=kind:point&limit=1`)).json()).items[0];
    const all = [
        ['overview', '#/'],
        ['incidents', '#/incidents'],
        ['incident-certificates', `#/incidents/${await first('/incidents?filter=threat:network.tls_untrusted_ca')}`],
        ['incident-neighbours', `#/incidents/${await first('/incidents?filter=threat:network.arp_spoof')}`],
        ['devices', '#/devices'],
        ['device', `#/devices/${await first('/devices?sort=-risk')}`],
        ['apps', '#/apps'],
        ['app', `#/apps/${await first('/apps?sort=-verdict')}`],
        ['app-rules', '#/apps/rules'],
        ['networks', '#/networks'],
        ['network', `#/networks/${await first('/networks')}`],
        ['networks-map', '#/networks/map'],
        ['networks-trust', '#/networks/trust'],
        ['crowd', '#/crowd'],
        ['crowd-map', '#/crowd/map'],
        ['crowd-why', bad ? `#/crowd/why?network=${bad.network}&bssid=${bad.bssid}` : '#/crowd/undefined'],
        ['policies', '#/policies'],
        ['policies-draft', '#/policies/draft'],
        ['policies-versions', '#/policies/versions'],
        ['policies-texts', '#/policies/texts'],
        ['mistakes', '#/mistakes'],
        ['communication', '#/communication'],
        ['enrolment', '#/enrolment'],
        ['events', '#/events'],
        ['reports', '#/reports'],
        ['reports-actions', '#/reports?kind=actions'],
        ['reports-plans', '#/reports/plans'],
        ['audit', '#/audit'],
        ['privacy', '#/privacy'],
        ['privacy-kept', '#/privacy/kept'],
        ['privacy-who', '#/privacy/who'],
        ['privacy-erasures', '#/privacy/erasures'],
        ['privacy-employee', '#/privacy/employee'],
        ['admins', '#/admins'],
        ['admins-sessions', '#/admins/sessions'],
        ['admins-tokens', '#/admins/tokens'],
        ['system', '#/system'],
    ];
    // A server that lives already may not have met every attack.
    return all.filter(([, at]) => !at.endsWith('/undefined'));
}

export async function settled(page) {
    await page.locator('main h1').waitFor();
    await page.locator('.loading').first().waitFor({ state: 'detached' });
    await page.waitForLoadState('load');
    await page.evaluate(() => Promise.all(document.getAnimations().filter((a) => a.effect?.getTiming().iterations !== Infinity)
        .map((a) => a.finished.catch(() => undefined))));
}

export async function looks(t, { page, origin, watch, screenshots }) {
    const state = await page.context().storageState();
    const list = await addresses(page, origin);
    if (screenshots) {
        mkdirSync(screenshots, { recursive: true });
    }
    for (const { id, ...options } of LOOKS) {
        const other = await watch.page({ ...options, storageState: state });
        const picture = async (name) => {
            if (screenshots) {
                await other.screenshot({ path: join(screenshots, `${name}-${id}.png`) });
            }
        };
        for (const [name, at] of list) {
            await t.check(`${name}, ${id}: names, contrast, width`, async () => {
                await other.goto(`${origin}/${at}`);
                await settled(other);
                await picture(name);
                await auditPage(other, `${name}, ${id}`);
            });
        }
        await t.check(`the dialog, ${id}: names, contrast, width`, async () => {
            await other.goto(`${origin}/#/system/people`);
            await other.keyboard.press('?');
            await other.getByRole('dialog').waitFor();
            await auditPage(other, `the dialog, ${id}`);
        });
        await other.context().clearCookies();
        await other.goto('about:blank');
        await t.check(`sign-in, ${id}: names, contrast, width`, async () => {
            await other.goto(`${origin}/`);
            await settled(other);
            await picture('sign-in');
            await auditPage(other, `sign-in, ${id}`);
        });
        await other.context().close();
    }
}

export async function themes(t, { page, origin }) {
    await t.check('the chosen colours are remembered', async () => {
        const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
        await page.goto(`${origin}/#/`);
        await page.getByRole('heading', { name: 'Overview' }).waitFor();
        const before = await theme();
        await page.getByRole('button', { name: /^Use (dark|light) colours$/ }).click();
        const after = await theme();
        await page.reload();
        await page.getByRole('heading', { name: 'Overview' }).waitFor();
        if (before === after || await theme() !== after) {
            throw new Error(`before ${before}, chosen ${after}, after the reload ${await theme()}`);
        }
        await page.keyboard.press('t');
    });
}
