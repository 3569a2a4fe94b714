// tabs.tsx - the parts of a page, each with an address of its own.
import type { JSX } from 'preact';

export interface Tab {
    id: string;
    name: string;
    to: string;
}

export function Tabs({ label, tabs, now }: { label: string; tabs: Tab[]; now: string }): JSX.Element {
    return (
        <nav class="tabs" aria-label={label}>
            {tabs.map((t) => <a key={t.id} href={t.to} aria-current={t.id === now ? 'page' : undefined}>{t.name}</a>)}
        </nav>
    );
}
