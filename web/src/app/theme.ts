// theme.ts - light or dark: what the system prefers, unless the person chose here.
import { Cell } from './cell';

export type Theme = 'light' | 'dark';
const KEY = 'picket-theme';
const system = matchMedia('(prefers-color-scheme: dark)');

function chosen(): Theme | null {
    try {
        const value = localStorage.getItem(KEY);
        return value === 'light' || value === 'dark' ? value : null;
    } catch {
        return null; // storage is forbidden: the system's preference rules
    }
}

const current = (): Theme => chosen() ?? (system.matches ? 'dark' : 'light');

export const theme = new Cell<Theme>(current());

function apply(): void {
    theme.set(current());
    document.documentElement.dataset['theme'] = theme.get();
}

export function toggleTheme(): void {
    const next: Theme = theme.get() === 'dark' ? 'light' : 'dark';
    try {
        if (next === (system.matches ? 'dark' : 'light')) {
            localStorage.removeItem(KEY);
        } else {
            localStorage.setItem(KEY, next);
        }
    } catch {
        return;
    }
    apply();
}

system.addEventListener('change', apply);
apply();
