// keys.ts - the keyboard: '/' search, '?' help, j/k rows, 'g' + letter pages. Never while typing.
import { Cell } from './cell';
import { PAGES, pageHref } from './nav';
import { go } from './router';
import { toggleTheme } from './theme';

export const helpOpen = new Cell(false);

const GO_WINDOW_MS = 1200;
let goSince = 0;

function typing(target: EventTarget | null): boolean {
    return target instanceof HTMLElement &&
        (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
        !(target instanceof HTMLInputElement && target.type === 'checkbox');
}

// Rows are found by their main link, so Enter follows it without code of ours.
function moveRow(step: number): boolean {
    const rows = [...document.querySelectorAll<HTMLElement>('main [data-row]')];
    if (rows.length === 0) {
        return false;
    }
    const now = rows.findIndex((row) => row.contains(document.activeElement));
    const next = now < 0 ? (step > 0 ? 0 : rows.length - 1)
        : Math.min(rows.length - 1, Math.max(0, now + step));
    if (now === next && step > 0) {
        document.querySelector<HTMLElement>('main .more button')?.click(); // not for people
    }
    const row = rows[next];
    const link = row?.querySelector<HTMLElement>('[data-main]') ?? row;
    link?.focus();
    row?.scrollIntoView({ block: 'nearest' });
    return true;
}

function selectRow(): boolean {
    const row = document.activeElement?.closest('[data-row]');
    const box = row?.querySelector<HTMLInputElement>('input[type=checkbox]');
    box?.click();
    return box != null;
}

function focusSearch(): boolean {
    const field = document.querySelector<HTMLInputElement>('main input[type=search]'); // not for people
    field?.focus();
    field?.select();
    return field !== null;
}

function goTo(key: string): boolean {
    const page = PAGES.find((p) => p.key === key);
    if (page) {
        go(pageHref(page));
    }
    return page !== undefined;
}

function act(key: string): boolean {
    if (Date.now() - goSince < GO_WINDOW_MS) {
        goSince = 0;
        return goTo(key);
    }
    switch (key) {
        case 'g': goSince = Date.now(); return true;
        case 'j': return moveRow(1);
        case 'k': return moveRow(-1);
        case 'x': return selectRow();
        case '/': return focusSearch();
        case '?': helpOpen.set(true); return true;
        case 't': toggleTheme(); return true;
        default: return false;
    }
}

export function startKeys(): void {
    addEventListener('keydown', (event) => {
        if (event.key === 'Escape' && event.target instanceof HTMLInputElement && // not for people
            event.target.type === 'search') {
            event.target.blur();
            return;
        }
        if (event.ctrlKey || event.altKey || event.metaKey || typing(event.target) ||
            document.querySelector('dialog[open]')) {
            return;
        }
        if (act(event.key)) {
            event.preventDefault();
        }
    });
}
