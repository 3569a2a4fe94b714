// audit.mjs - what a page must keep for everybody: names for controls, text one can read (WCAG 2.2
// AA), no sideways scrolling. The functions run inside the page.
import { none } from './tally.mjs';

function audit() {
    const out = [];
    const seen = (el) => el.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) && el.getClientRects().length > 0;
    const hidden = (el) => el.closest('[aria-hidden=true]') !== null;
    const where = (el) => {
        const text = (el.getAttribute('aria-label') || el.textContent || '').trim().replace(/\s+/g, ' ').slice(0, 50);
        return `<${el.tagName.toLowerCase()} class="${el.getAttribute('class') ?? ''}"> "${text}"`;
    };
    const name = (el) => {
        const by = (el.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent ?? '').join(' ');
        const labels = [...(el.labels ?? [])].map((l) => l.textContent).join(' ');
        const own = /^(INPUT|SELECT|TEXTAREA)$/.test(el.tagName) ? '' : el.textContent;
        return (el.getAttribute('aria-label') || by || labels || own || el.getAttribute('alt') || el.getAttribute('title') || '').trim();
    };

    // Names, headings, landmarks, ids.
    for (const el of document.querySelectorAll('a[href], button, input, select, textarea, summary, [role=button], [role=img], dialog, nav')) {
        if (seen(el) && !hidden(el) && name(el) === '') {
            out.push(`no name: ${where(el)}`);
        }
    }
    for (const el of document.querySelectorAll('img:not([alt])')) {
        out.push(`no alt: ${where(el)}`);
    }
    for (const el of document.querySelectorAll('svg:not([aria-hidden]):not([role])')) {
        out.push(`drawing neither hidden nor named: ${where(el)}`);
    }
    for (const el of document.querySelectorAll('[tabindex]')) {
        if (Number(el.getAttribute('tabindex')) > 0) {
            out.push(`tabindex above 0: ${where(el)}`);
        }
    }
    for (const el of document.querySelectorAll('[aria-hidden=true] :is(a, button, input, select, textarea)')) {
        out.push(`hidden but focusable: ${where(el)}`);
    }
    for (const el of document.querySelectorAll('[style]')) {
        if (el.getAttribute('style') !== '') {
            out.push(`inline style: ${where(el)}`);
        }
    }
    const ids = [...document.querySelectorAll('[id]')].map((el) => el.id);
    for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) !== i))) {
        out.push(`id twice: ${id}`);
    }
    if (!/^[a-z]{2}(-[A-Z]{2})?$/.test(document.documentElement.lang)) {
        out.push(`the language is '${document.documentElement.lang}'`);
    }
    for (const el of document.querySelectorAll('[aria-controls], [aria-labelledby], [aria-describedby]')) {
        for (const attribute of ['aria-controls', 'aria-labelledby', 'aria-describedby']) {
            for (const id of (el.getAttribute(attribute) ?? '').split(' ').filter((i) => i !== '')) {
                if (!document.getElementById(id)) {
                    out.push(`${attribute} names '${id}', which is not there: ${where(el)}`);
                }
            }
        }
    }
    for (const el of document.querySelectorAll('[role=region], [role=group], [role=dialog]')) {
        if (seen(el) && (el.getAttribute('aria-label') ?? el.getAttribute('aria-labelledby') ?? '') === '') {
            out.push(`a ${el.getAttribute('role')} without a name: ${where(el)}`);
        }
    }
    if (document.querySelectorAll('h1').length !== 1) {
        out.push(`${document.querySelectorAll('h1').length} h1`);
    }
    if (document.querySelectorAll('main').length !== 1 || !document.documentElement.lang || document.title === '') {
        out.push('no main, no language, or no title');
    }
    for (const table of document.querySelectorAll('table')) {
        if (table.querySelectorAll('th[scope], [role=columnheader]').length === 0) {
            out.push(`table without headers: ${where(table)}`);
        }
    }
    const levels = [...document.querySelectorAll('h1, h2, h3, h4')].filter(seen).map((h) => Number(h.tagName[1]));
    levels.forEach((level, i) => i > 0 && level > levels[i - 1] + 1 && out.push(`heading jumps from h${levels[i - 1]} to h${level}`));

    // What is pressed is at least 24 x 24, or has nothing else to press within 24 px of its middle (WCAG 2.5.8); links
    // inside a sentence are exempt there.
    const pressed = [...document.querySelectorAll('button:not(.sort), select, summary, .button, nav a, a[data-main], .legend-list a, input[type=checkbox]')].filter(seen);
    const middle = (el) => {
        const box = el.getBoundingClientRect();
        return { x: box.left + box.width / 2, y: box.top + box.height / 2, w: box.width, h: box.height };
    };
    const middles = pressed.map(middle);
    pressed.forEach((el, i) => {
        const at = middles[i];
        const crowded = () => middles.some((other, n) => n !== i && !pressed[n].contains(el) && !el.contains(pressed[n]) &&
            Math.hypot(other.x - at.x, other.y - at.y) < 24);
        if ((at.w < 24 || at.h < 24) && crowded()) {
            out.push(`smaller than 24 x 24 and not alone: ${where(el)}`);
        }
    });
    for (const el of document.querySelectorAll('button:not(.sort), select, .button')) {
        const box = el.getBoundingClientRect();
        if (seen(el) && (box.width < 24 || box.height < 24)) {
            out.push(`smaller than 24 x 24: ${where(el)}`);
        }
    }

    // Tab goes as one reads: inside the page's content a stop is never above and wholly left of the one before.
    const stops = [...document.querySelectorAll('main :is(a[href], button, input, select, textarea, summary, [tabindex="0"])')]
        .filter((el) => seen(el) && !el.disabled && !hidden(el));
    stops.forEach((el, i) => {
        const before = i > 0 && stops[i - 1].getBoundingClientRect();
        const box = el.getBoundingClientRect();
        const column = (e) => e.closest('.columns > *, .halves > *, .thirds > *, .tiles > *, .trends > *, tr, .head-facts, .column-side > *, .legend-list');
        if (before && box.bottom <= before.top && box.right <= before.left && column(el) === column(stops[i - 1])) {
            out.push(`the focus jumps back from ${where(stops[i - 1])} to ${where(el)}`);
        }
    });
    for (const el of stops) {
        if (el.tabIndex < 0 && el.type !== 'file') { // a button opens that one
            out.push(`cannot be reached by keyboard: ${where(el)}`);
        }
    }

    // Contrast of every text with what is really behind it.
    const rgba = (text) => {
        const canvas = audit.canvas ??= new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = text;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
    const ground = (el) => {
        const layers = [];
        for (let at = el; at; at = at.parentElement) {
            layers.push(rgba(getComputedStyle(at).backgroundColor));
        }
        layers.push(rgba(getComputedStyle(document.documentElement).colorScheme.includes('dark') ? '#000' : '#fff'));
        return layers.reduceRight((under, top) => over(top, under));
    };
    const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
        .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const done = new Set();
    let texts = 0;
    while (walker.nextNode()) {
        const el = walker.currentNode.parentElement;
        if (walker.currentNode.textContent.trim() === '' || done.has(el) || !seen(el) || hidden(el) ||
            el.closest('.sr, :disabled, option, noscript, title')) {
            continue;
        }
        done.add(el);
        texts++;
        const style = getComputedStyle(el);
        const behind = ground(el);
        const front = over(rgba(el instanceof SVGElement ? style.fill : style.color), behind);
        const [a, b] = [light(front), light(behind)].sort((x, y) => y - x);
        const ratio = (a + 0.05) / (b + 0.05);
        const size = parseFloat(style.fontSize);
        const wanted = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
        if (ratio < wanted) {
            out.push(`contrast ${ratio.toFixed(2)} < ${wanted}: ${where(el)}`);
        }
    }
    if (texts < 3) {
        out.push(`only ${texts} texts on this page`);
    }
    const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    if (wide > 0) {
        out.push(`scrolls sideways by ${wide} px`);
    }
    return [...new Set(out)];
}

export async function auditPage(page, what) {
    none(await page.evaluate(audit), `complaints about ${what}`);
}
