// words.ts - the page's language: one table a language, English in the bundle, the others when they are wanted.
import en from './lang/en.json';

export type Words = typeof en; // the build hands the tables over as text
export type Key = keyof Words;
const parsed = (text: unknown) => JSON.parse(text as string) as Words;
export const LANGUAGES = { en: 'English', de: 'Deutsch', fr: 'Français', es: 'Español', it: 'Italiano' } as const;
export type Language = keyof typeof LANGUAGES;

const loaders: Record<Language, () => Promise<{ default: Words }>> = {
    en: async () => ({ default: en }),
    de: () => import('./lang/de.json'),
    fr: () => import('./lang/fr.json'),
    es: () => import('./lang/es.json'),
    it: () => import('./lang/it.json'),
};

let words: Words = parsed(en);
let current: Language = 'en';

export const isLanguage = (text: string): text is Language => Object.hasOwn(LANGUAGES, text);

// The first that the browser's person reads and that there is; the same order as Accept-Language.
export function preferred(wanted: readonly string[]): Language {
    for (const tag of wanted) {
        const language = tag.toLowerCase().split('-')[0] ?? '';
        if (isLanguage(language)) {
            return language;
        }
    }
    return 'en';
}

export const language = () => current;

export async function speak(wanted: Language): Promise<void> {
    words = parsed((await loaders[wanted]()).default);
    current = wanted;
    document.documentElement.lang = wanted;
}

export function t(key: Key, values: Record<string, string | number> = {}): string {
    return words[key].replace(/\{(\w+)\}/g, (all, name: string) => String(values[name] ?? all));
}

type Plural = { [K in Key]: K extends `${infer Base}.one` ? Base : never }[Key];
export function tn(base: Plural, n: number): string {
    return t((n === 1 ? `${base}.one` : `${base}.other`) as Key, { n: n.toLocaleString(current) });
}

// Words for what only a later server may say: null when there are none yet.
export const maybe = (key: string): string | null => (Object.hasOwn(words, key) ? words[key as Key] : null);

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [['day', 86400], ['hour', 3600], ['minute', 60]];

export function ago(at: string, now = Date.now()): string {
    const seconds = Math.min(0, (Date.parse(at) - now) / 1000);
    const format = new Intl.RelativeTimeFormat(current, { numeric: 'auto' });
    for (const [unit, size] of UNITS) {
        if (-seconds >= size) {
            return format.format(Math.trunc(seconds / size), unit);
        }
    }
    return t('time.now');
}

export const date = (at: string) => new Intl.DateTimeFormat(current, { dateStyle: 'medium' }).format(new Date(at));
export const moment = (at: string) => new Intl.DateTimeFormat(current, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at));

export function bytes(n: number): string {
    const [value, unit] = n < 1e6 ? [n / 1000, 'kilobyte'] as const : [n / 1e6, 'megabyte'] as const;
    return new Intl.NumberFormat(current, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 1 }).format(value);
}
