// case-words.mjs - the console in another language: nothing that has a translation is English, nothing is too wide.
import { readFileSync } from 'node:fs';
import { addresses, settled } from './case-looks.mjs';
import { none } from './tally.mjs';

const WIDTHS = [{ width: 1280, height: 860 }, { width: 390, height: 844 }];
const table = (language) => JSON.parse(readFileSync(new URL(`../../web/lang/${language}.json`, import.meta.url), 'utf8'));

// Runs in the page: heads, labels and buttons that are a text of the tables as it stands in the source. A report is the server's.
function english(foreign) {
    const said = new Set(foreign);
    const places = 'h1, h2, h3, th, dt, legend, summary, caption, button, label > span, nav a, option, .empty-title, .badge, .note';
    const texts = [...document.querySelectorAll(places)].filter((el) => !el.closest('article.report')).map((el) => el.textContent.trim().replace(/\s+/g, ' '));
    const names = [...document.querySelectorAll('[aria-label]')].map((el) => el.getAttribute('aria-label'));
    return [...new Set([...texts, ...names].filter((text) => said.has(text)))];
}

function wide() {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth > clientWidth ? [`${scrollWidth} px on a screen of ${clientWidth} px`] : [];
}

export async function words(t, { page, origin, watch }) {
    const german = table('de');
    const own = new Set(Object.values(german));
    const foreign = Object.keys(german).filter((key) => german[key] !== key && !own.has(key));
    const state = await page.context().storageState();
    const list = await addresses(page, origin);
    for (const viewport of WIDTHS) {
        const other = await watch.page({ viewport, locale: 'de-DE', storageState: state });
        for (const [name, at] of list) {
            await t.check(`${name}, German, ${viewport.width} px: words and width`, async () => {
                await other.goto(`${origin}/${at}`);
                await settled(other);
                none(await other.evaluate(english, foreign), 'English texts');
                none(await other.evaluate(wide), 'widths');
                if (await other.evaluate(() => document.documentElement.lang) !== 'de') {
                    throw new Error('the page does not say that it is German');
                }
            });
        }
        await other.context().close();
    }
    await t.check('the language that is chosen is spoken, and remembered', async () => {
        const other = await watch.page({ locale: 'de-DE', storageState: state });
        for (const language of ['fr', 'es', 'it', 'en']) {
            const head = language === 'en' ? 'Overview' : table(language).Overview;
            await other.goto(`${origin}/#/`);
            await other.locator('.languages select').selectOption(language);
            await other.getByRole('heading', { level: 1, name: head }).waitFor();
            await other.reload();
            await other.getByRole('heading', { level: 1, name: head }).waitFor();
        }
        await other.context().close();
    });
}
