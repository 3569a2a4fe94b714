// case-list.mjs - working through incidents: keyboard, filters in the address, CSV, dismissing.
import { readFileSync } from 'node:fs';
import { openIncident } from './case-attack.mjs';
import { expect, same, until } from './tally.mjs';

const focused = (page) => page.evaluate(() => document.activeElement?.textContent ?? '');

async function keyboard(t, { page, origin }) {
    await t.check('the skip link is the first stop and leads to the content', async () => {
        await page.goto(`${origin}/#/events`);
        await page.reload();
        await page.getByRole('heading', { name: 'Events' }).waitFor();
        await page.keyboard.press('Tab');
        same(await focused(page), 'Skip to the content', 'first stop');
        await page.keyboard.press('Enter');
        same(await page.evaluate(() => document.activeElement?.id), 'main', 'after the skip link');
    });

    await t.check('g i, j, k, Enter walk the list and open an incident', async () => {
        await page.keyboard.press('g');
        await page.keyboard.press('i');
        await page.getByRole('heading', { name: 'Incidents' }).waitFor();
        const rows = page.locator('main [data-row]');
        await rows.nth(1).waitFor();
        const titles = await page.locator('main [data-row] a[data-main]').allTextContents();
        await page.keyboard.press('j');
        same(await focused(page), titles[0], 'after j');
        await page.keyboard.press('j');
        same(await focused(page), titles[1], 'after j j');
        const ring = await page.evaluate(() => {
            const row = getComputedStyle(document.activeElement.closest('tr'));
            return `${getComputedStyle(document.activeElement).outlineStyle} ${row.boxShadow}`;
        });
        expect(ring.startsWith('solid') && ring.includes('inset'), `the focus cannot be seen: ${ring}`);
        await page.keyboard.press('k');
        same(await focused(page), titles[0], 'after k');
        await page.keyboard.press('x');
        await page.getByRole('region', { name: 'Selected incidents' }).getByText('1 incident selected').waitFor();
        await page.keyboard.press('Enter');
        await page.getByRole('heading', { name: 'Evidence' }).waitFor();
        await page.goBack();
        await rows.first().waitFor();
    });

    await t.check('/ searches, Escape leaves, ? helps, Escape closes', async () => {
        await page.keyboard.press('/');
        same(await page.evaluate(() => document.activeElement?.type), 'search', 'focus after /');
        await page.keyboard.type('gj?');
        same(await page.getByRole('searchbox').inputValue(), 'gj?', 'keys while typing');
        await page.getByRole('searchbox').fill('');
        await page.keyboard.press('Escape');
        await page.keyboard.press('?');
        await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
        await page.keyboard.press('Escape');
        await page.getByRole('dialog').waitFor({ state: 'detached' });
    });
}

async function filters(t, { page, origin }) {
    await t.check('filters live in the address and survive a reload', async () => {
        await page.goto(`${origin}/#/incidents`);
        await page.getByRole('button', { name: 'Critical' }).click();
        await page.getByLabel('Kind').selectOption('network');
        await page.getByRole('searchbox').fill('untrusted');
        await until('the address follows', 3000, () => page.url().includes('severity:critical') &&
            page.url().includes('vector:network') && page.url().includes('q:untrusted'));
        await page.reload();
        await page.locator('main [data-row]').first().waitFor();
        same(await page.locator('main [data-row]').count(), 1, 'rows');
        same(await page.getByRole('searchbox').inputValue(), 'untrusted', 'search field');
        same(await page.getByRole('button', { name: 'Critical' }).getAttribute('aria-pressed'), 'true', 'chip');
    });

    await t.check('what nothing matches says so and offers the way back', async () => {
        await page.goto(`${origin}/#/incidents?filter=q:zzzzzz`);
        await page.getByText('Nothing matches these filters').waitFor();
        await page.getByRole('link', { name: 'Show all incidents' }).click();
        await page.locator('main [data-row]').first().waitFor();
    });

    await t.check('the CSV export holds the filtered incidents', async () => {
        await page.goto(`${origin}/#/incidents?filter=threat:network.arp_spoof`);
        await page.locator('main [data-row]').first().waitFor();
        const [download] = await Promise.all([
            page.waitForEvent('download'), page.getByRole('button', { name: 'Export CSV' }).click(),
        ]);
        const lines = readFileSync(await download.path(), 'utf8').trim().split('\r\n');
        same(lines.length, 1 + await page.locator('main [data-row]').count(), 'lines');
        expect(lines[0].startsWith('id,device,') && lines[1].includes('network.arp_spoof'), lines.join('\n'));
    });
}

async function dismissing(t, { page, origin }) {
    await t.check('an incident is dismissed with a reason, and the reason is kept', async () => {
        await openIncident(page, origin, 'network.tls_untrusted_ca');
        await page.getByRole('button', { name: 'Dismiss …' }).click();
        const dialog = page.getByRole('dialog');
        expect(await dialog.getByRole('button', { name: 'Dismiss', exact: true }).isDisabled(), 'no reason was asked for');
        await dialog.getByRole('textbox', { name: 'Reason' }).fill('Our own test of <b>interception</b>');
        await dialog.getByRole('button', { name: 'Dismiss', exact: true }).click();
        await dialog.waitFor({ state: 'detached' });
        await page.locator('.head-facts').getByText('Dismissed').waitFor();
        await page.locator('.callout').getByText('Our own test of <b>interception</b>').waitFor();
        await page.locator('.timeline').getByText('Dismissed').waitFor();
    });

    await t.check('a dismissed incident can be reopened', async () => {
        await page.getByRole('button', { name: 'Reopen …' }).click();
        await page.getByRole('dialog').getByRole('textbox', { name: 'Reason' }).fill('Look again');
        await page.getByRole('dialog').getByRole('button', { name: 'Reopen', exact: true }).click();
        await page.locator('.head-facts').getByText('Open', { exact: true }).waitFor();
        await page.locator('.timeline').getByText('Look again').waitFor();
    });

    await t.check('several are dismissed at once', async () => {
        await page.goto(`${origin}/#/incidents?filter=state:open|mitigated,vector:network,severity:high|critical`);
        const boxes = page.locator('main [data-row] input[type=checkbox]');
        await boxes.first().waitFor();
        const count = await boxes.count();
        expect(count >= 2, `${count} open network incidents`);
        for (let i = 0; i < count; i++) {
            await boxes.nth(i).check();
        }
        await page.getByRole('button', { name: 'Dismiss …' }).click();
        await page.getByRole('dialog').getByRole('button', { name: 'Known and accepted' }).click();
        await page.getByRole('dialog').getByRole('button', { name: 'Dismiss', exact: true }).click();
        await page.locator('.toast').getByText(`${count} incidents dismissed`).waitFor();
        await page.getByText('Nothing matches these filters').waitFor();
        await page.goto(`${origin}/#/incidents?filter=state:dismissed`);
        await page.locator('main [data-row]').nth(count - 1).waitFor();
    });
}

export async function lists(t, ctx) {
    await keyboard(t, ctx);
    await filters(t, ctx);
    await dismissing(t, ctx);
}
