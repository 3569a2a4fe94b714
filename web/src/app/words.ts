// words.ts - the console's language. English stands in the source and is the key; the other languages are tables,
// loaded before anything else of the console is (see main.tsx), so that texts may be asked for at any moment.
import type { ComponentChildren } from 'preact';

export const LANGUAGES = { en: 'English', de: 'Deutsch', fr: 'Français', es: 'Español', it: 'Italiano' } as const; // not for people: each in its own
export type Language = keyof typeof LANGUAGES;
type Table = Record<string, string>;
type Values = Record<string, string | number>;

const STORED = 'picket.language';
const LOADERS: Record<Exclude<Language, 'en'>, () => Promise<{ default: unknown }>> = {
    de: () => import('../../lang/de.json'),
    fr: () => import('../../lang/fr.json'),
    es: () => import('../../lang/es.json'),
    it: () => import('../../lang/it.json'),
};

let table: Table = {};
let current: Language = 'en';
let plurals = new Intl.PluralRules('en');

const isLanguage = (text: string): text is Language => Object.hasOwn(LANGUAGES, text);

// What was chosen here before, else the first that the browser's person reads and that there is.
export function wanted(stored: string | null, tags: readonly string[]): Language {
    return [stored ?? '', ...tags].map((tag) => tag.toLowerCase().split('-')[0] ?? '').find(isLanguage) ?? 'en';
}

export function wantedHere(): Language {
    let stored: string | null = null;
    try {
        stored = localStorage.getItem(STORED);
    } catch {
        // storage may be forbidden: the browser's own wish then
    }
    return wanted(stored, navigator.languages);
}

// English stays when the table cannot be had.
export async function speak(language: Language): Promise<void> {
    if (language !== 'en') {
        try {
            table = JSON.parse((await LOADERS[language]()).default as string) as Table;
        } catch {
            return;
        }
    }
    current = language;
    plurals = new Intl.PluralRules(language);
    document.documentElement.lang = language;
}

// Texts are fetched once, when their module starts: a new language starts the console anew.
export function choose(language: Language): void {
    try {
        localStorage.setItem(STORED, language);
    } catch {
        // for this visit only
    }
    location.reload();
}

export const language = (): Language => current;

// What formats of dates and numbers follow; English days come before their months.
export const locale = (): string => (current === 'en' ? 'en-GB' : current);

const fill = (text: string, values: Values): string =>
    text.replace(/\{(\w+)\}/g, (hole, name: string) => String(values[name] ?? hole));

// text: a literal in the source; "{name}" is a hole for values.
export const t = (text: string, values: Values = {}): string => fill(table[text] ?? text, values);

// one, other: literals; {n} is the number, written as the language writes it.
export function tn(one: string, other: string, n: number, values: Values = {}): string {
    const [first, second] = (table[`${one}|${other}`] ?? `${one}|${other}`).split('|') as [string, string];
    return fill(plurals.select(n) === 'one' ? first : second, { n: number(n), ...values });
}

// Like t, with elements in the holes.
export function rich(text: string, parts: Record<string, ComponentChildren>): ComponentChildren[] {
    return (table[text] ?? text).split(/\{(\w+)\}/).map((part, i) => (i % 2 === 0 ? part : parts[part] ?? `{${part}}`));
}

// For what the server says in English: translated when there are words for it, else as it came.
export const maybe = (text: string): string => table[text] ?? text;

export const number = (n: number, options?: Intl.NumberFormatOptions): string => n.toLocaleString(locale(), options);
