// health.tsx - is the server well, and does what it passes on arrive.
import type { JSX } from 'preact';
import { get } from '../api/client';
import type { Health } from '../api/types';
import { useResource } from '../app/resource';
import { Badge } from '../ui/badge';
import { Card, Facts, ResourceView } from '../ui/basics';
import { Ago } from '../ui/time';
import { OutboxRows } from './outbox';

const STORE: Record<string, string> = { sqlite: 'SQLite', postgresql: 'PostgreSQL' };

function Body({ health: h }: { health: Health }): JSX.Element {
    return (
        <>
            {h.problems.length > 0 && (
                <div class="callout bad" role="alert">
                    <strong>Needs attention</strong>
                    <ul>{h.problems.map((p) => <li key={p}>{p}</li>)}</ul>
                </div>
            )}
            <div class="halves">
                <Card title="Server" action={<Badge tone={h.status === 'ok' ? 'ok' : 'critical'}>
                    {h.status === 'ok' ? 'All well' : 'Degraded'}</Badge>}>
                    <Facts rows={[
                        ['Version', h.version],
                        ['Started', <Ago at={h.started_at} />],
                        ['Store', STORE[h.store] ?? h.store],
                        ['Journal', `${h.journal.entries.toLocaleString('en')} entries`],
                        ['Waiting for judgement', h.journal.lag.toLocaleString('en')],
                        ['Connections', h.connections.toLocaleString('en')],
                        ['Devices on the line', h.waiting.toLocaleString('en')],
                    ]} />
                </Card>
                <Card title="Passing on"><OutboxRows targets={h.outbox} /></Card>
            </div>
        </>
    );
}

export function HealthPart(): JSX.Element {
    const one = useResource<Health>('health', (signal) => get<Health>('/health', { signal }), () => true);
    return <ResourceView of={one}>{(health) => <Body health={health} />}</ResourceView>;
}
