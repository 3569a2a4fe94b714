// time.tsx - moments: "3 min ago", with the exact time on hover; one clock ticks for all of them.
import type { JSX } from 'preact';
import { Cell, useCell } from '../app/cell';

const now = new Cell(Date.now());
setInterval(() => now.set(Date.now()), 10_000);

const exactFormat = new Intl.DateTimeFormat('en-GB', {
    year: 'numeric', month: 'short', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
});
const dateFormat = new Intl.DateTimeFormat('en-GB', { year: 'numeric', month: 'short', day: 'numeric' });

export const exact = (at: string): string => exactFormat.format(new Date(at));
export const dateOnly = (at: string): string => dateFormat.format(new Date(at));

function span(ms: number): string {
    const s = Math.round(Math.abs(ms) / 1000);
    if (s < 90) {
        return `${s} s`;
    }
    if (s < 90 * 60) {
        return `${Math.round(s / 60)} min`;
    }
    if (s < 36 * 3600) {
        return `${Math.round(s / 3600)} h`;
    }
    return `${Math.round(s / 86400)} days`;
}

export function relative(at: string, nowMs: number): string {
    const ms = nowMs - Date.parse(at);
    if (Math.abs(ms) < 20_000) {
        return 'just now';
    }
    return ms > 0 ? `${span(ms)} ago` : `in ${span(ms)}`;
}

export function duration(from: string, to: string | null): string {
    return span((to === null ? Date.now() : Date.parse(to)) - Date.parse(from));
}

export function Ago({ at, never = 'never' }: { at: string | null | undefined; never?: string }): JSX.Element {
    const nowMs = useCell(now);
    if (at === null || at === undefined) {
        return <span class="muted">{never}</span>;
    }
    return <time dateTime={at} title={exact(at)}>{relative(at, Math.max(nowMs, Date.now() - 10_000))}</time>;
}

export function Exact({ at }: { at: string }): JSX.Element {
    return <time dateTime={at} title={at}>{exact(at)}</time>;
}
