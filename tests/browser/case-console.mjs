// case-console.mjs - the pages that show how the organisation is: every number leads to its list, the score follows
// what happens, a report becomes a PDF, the audit is filtered, the phone's menu opens and closes.
import { expect, same, until } from './tally.mjs';

async function numbers(t, { page, origin }) {
    await t.check('numbers of the overview lead to lists of that length', async () => {
        await page.goto(`${origin}/#/`);
        await page.locator('.trend-line, .trend-dot').first().waitFor();
        const links = await page.locator('.thirds .legend-list a, .column-side .legend-list a').evaluateAll((all) => all
            .map((a) => ({ to: a.getAttribute('href'), value: a.querySelector('strong')?.textContent ?? '', name: a.textContent }))
            .filter((l) => /^#\/(devices|incidents)\?/.test(l.to) && /^\d+$/.test(l.value)));
        expect(links.length >= 15, `only ${links.length} numbers`);
        for (const { to, value, name } of links) {
            const [path, query] = to.slice(1).split('?');
            const answer = await page.request.get(`${origin}/api/v1${path}?limit=1&filter=${new URLSearchParams(query).get('filter')}`);
            same(answer.status(), 200, to);
            same(String((await answer.json()).total), value, `${name} at ${to}`);
        }
        return `${links.length} numbers`;
    });

    await t.check('what to do next leads to as many devices as it says', async () => {
        const actions = (await (await page.request.get(`${origin}/api/v1/overview`)).json()).actions;
        const first = actions.find((a) => a.link.startsWith('/incidents'));
        await page.goto(`${origin}/#/`);
        await page.getByRole('region', { name: 'What to do next' }).getByRole('link').first().waitFor();
        await page.goto(`${origin}/#${first.link}`);
        await page.locator('main [data-row]').first().waitFor();
        const devices = new Set(await page.locator('main .cell-device').allTextContents());
        same(devices.size, first.devices, first.text);
    });
}

async function reports(t, { page, origin }) {
    await t.check('a report prints to a PDF of more than one page, with its text', async () => {
        await page.goto(`${origin}/#/reports`);
        await page.locator('.report h2').first().waitFor();
        const pdf = (await page.pdf({ format: 'A6', preferCSSPageSize: false })).toString('latin1');
        expect(pdf.startsWith('%PDF-'), 'no PDF');
        const pages = (pdf.match(/\/Type\s*\/Page[^s]/g) ?? []).length;
        expect(pages > 1, `${pages} pages`);
        expect(/\/Font/.test(pdf) && /ToUnicode/.test(pdf), 'the PDF holds no text');
        await page.emulateMedia({ media: 'print' });
        const hidden = await page.evaluate(() => [...document.querySelectorAll('.side, .filters, .foot')].every((el) => getComputedStyle(el).display === 'none'));
        await page.emulateMedia({ media: null });
        expect(hidden, 'menus are on the paper');
        return `${pages} pages of A6`;
    });
}

async function audit(t, { page, origin }) {
    await t.check('the audit is filtered by what was done, by whom and when', async () => {
        await page.goto(`${origin}/#/audit`);
        await page.locator('main [data-row]').nth(2).waitFor();
        const act = (await page.locator('main [data-row] .cell-act a').first().textContent()).trim();
        await page.locator('main [data-row] .cell-act a').first().click();
        await until('the filter is in the address', 3000, () => page.url().includes(`act:${act}`));
        await until('only that act is listed', 5000, async () => { // the list of before goes first
            const acts = await page.locator('main [data-row] .cell-act a').allTextContents();
            return acts.length > 0 && acts.every((text) => text.trim() === act);
        });
        await page.getByRole('button', { name: 'Today' }).click();
        await until('the day is in the address', 3000, () => page.url().includes(`day:${new Date().toISOString().slice(0, 10)}`));
        await page.locator('main [data-row]').first().waitFor();
    });
}

async function phone(t, { page, origin, watch }) {
    await t.check('the menu of a phone opens, leads on, and closes', async () => {
        const other = await watch.page({ viewport: { width: 360, height: 740 }, storageState: await page.context().storageState() });
        await other.goto(`${origin}/#/`);
        const button = other.getByRole('button', { name: 'Menu' });
        await button.click();
        same(await button.getAttribute('aria-expanded'), 'true', 'open');
        await other.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Privacy' }).click();
        await other.getByRole('heading', { name: 'Privacy', level: 1 }).waitFor();
        same(await button.getAttribute('aria-expanded'), 'false', 'after a choice');
        await button.click();
        await other.keyboard.press('Escape');
        same(await button.getAttribute('aria-expanded'), 'false', 'after Escape');
        await other.context().close();
    });
}

export async function consolePages(t, ctx) {
    await numbers(t, ctx);
    await reports(t, ctx);
    await audit(t, ctx);
    await phone(t, ctx);
}
