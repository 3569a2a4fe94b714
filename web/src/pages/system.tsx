// system.tsx - running Picket itself: health, API tokens, people, audit.
import type { JSX } from 'preact';
import { may } from '../app/session';
import { Empty, PageHead } from '../ui/basics';
import { AuditPart } from './audit';
import { HealthPart } from './health';
import { PeoplePart } from './people';
import { TokensPart } from './tokens';

const PARTS: { id: string; name: string; admin: boolean; body: () => JSX.Element }[] = [
    { id: 'health', name: 'Health', admin: false, body: () => <HealthPart /> },
    { id: 'tokens', name: 'API tokens', admin: true, body: () => <TokensPart /> },
    { id: 'people', name: 'People', admin: true, body: () => <PeoplePart /> },
    { id: 'audit', name: 'Audit', admin: true, body: () => <AuditPart /> },
];

export function SystemPage({ part }: { part: string }): JSX.Element {
    const now = PARTS.find((p) => p.id === part) ?? PARTS[0];
    return (
        <>
            <PageHead title="System" />
            <nav class="tabs" aria-label="Parts of the system">
                {PARTS.map((p) => (
                    <a key={p.id} href={`#/system/${p.id}`} aria-current={p === now ? 'page' : undefined}>{p.name}</a>
                ))}
            </nav>
            {now && (now.admin && !may('admin')
                ? <Empty icon="lock" title="Only for administrators"><p>Your role may not see this part.</p></Empty>
                : now.body())}
        </>
    );
}
