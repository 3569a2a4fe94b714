// time.tsx - moments: "3 min ago", with the exact time on hover; one clock ticks for all of them.
import type { JSX } from 'preact';
import { Cell, useCell } from '../app/cell';
import { language, locale, t, tn } from '../app/words';

const now = new Cell(Date.now());
setInterval(() => now.set(Date.now()), 10_000);

const exactFormat = new Intl.DateTimeFormat(locale(), {
    year: 'numeric', month: 'short', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
});
const dateFormat = new Intl.DateTimeFormat(locale(), { year: 'numeric', month: 'short', day: 'numeric' });

export const exact = (at: string): string => exactFormat.format(new Date(at));
export const dateOnly = (at: string): string => dateFormat.format(new Date(at));

function span(ms: number): string {
    const s = Math.round(Math.abs(ms) / 1000);
    if (s < 90) {
        return t('{n} s', { n: s });
    }
    if (s < 90 * 60) {
        return t('{n} min', { n: Math.round(s / 60) });
    }
    if (s < 36 * 3600) {
        return t('{n} h', { n: Math.round(s / 3600) });
    }
    return tn('{n} day', '{n} days', Math.round(s / 86400));
}

// Other languages than English inflect what follows "ago": the browser knows how.
const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [['day', 36 * 3600], ['hour', 90 * 60], ['minute', 90], ['second', 0]];
const SECONDS: Record<string, number> = { day: 86400, hour: 3600, minute: 60, second: 1 };
const relativeFormat = new Intl.RelativeTimeFormat(locale(), { style: 'short' });

function inflected(ms: number): string {
    const s = Math.round(Math.abs(ms) / 1000);
    const [unit] = UNITS.find(([, from]) => s >= from) ?? ['second'];
    return relativeFormat.format(-Math.sign(ms) * Math.round(s / (SECONDS[unit] ?? 1)), unit as Intl.RelativeTimeFormatUnit);
}

export function relative(at: string, nowMs: number): string {
    const ms = nowMs - Date.parse(at);
    if (Math.abs(ms) < 20_000) {
        return t('just now');
    }
    if (language() !== 'en') {
        return inflected(ms);
    }
    return ms > 0 ? `${span(ms)} ago` : `in ${span(ms)}`;
}

export function duration(from: string, to: string | null): string {
    return span((to === null ? Date.now() : Date.parse(to)) - Date.parse(from));
}

export function Ago({ at, never = t('never') }: { at: string | null | undefined; never?: string }): JSX.Element {
    const nowMs = useCell(now);
    if (at === null || at === undefined) {
        return <span class="muted">{never}</span>;
    }
    return <time dateTime={at} title={exact(at)}>{relative(at, Math.max(nowMs, Date.now() - 10_000))}</time>;
}

export function Exact({ at }: { at: string }): JSX.Element {
    return <time dateTime={at} title={at}>{exact(at)}</time>;
}
