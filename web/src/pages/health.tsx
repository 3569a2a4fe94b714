// health.tsx - is the server well: its parts, its disk, its certificates, what it knows, and what it passes on.
import type { JSX } from 'preact';
import { get } from '../api/client';
import type { Health } from '../api/types';
import { useResource } from '../app/resource';
import type { Tone } from '../ui/badge';
import { Badge } from '../ui/badge';
import { Card, Facts, ResourceView } from '../ui/basics';
import { Ago, dateOnly } from '../ui/time';
import { plural } from '../ui/words';
import { OutboxRows } from './outbox';

const STORE: Record<string, string> = { sqlite: 'SQLite', postgresql: 'PostgreSQL' };
const DAY_MS = 86_400_000;
const CLOCK_OFF_MS = 5000; // slower links than that are rare

export function bytes(n: number): string {
    const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
    let at = 0;
    let size = n;
    while (size >= 1000 && at < units.length - 1) {
        size /= 1000;
        at++;
    }
    return `${at === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[at]}`;
}

function Ends({ at, now }: { at: string | null; now: string }): JSX.Element {
    if (at === null) {
        return <span class="muted">unknown</span>;
    }
    const days = (Date.parse(at) - Date.parse(now)) / DAY_MS;
    const tone: Tone = days < 7 ? 'critical' : days < 25 ? 'medium' : 'ok';
    return <><Badge tone={tone}>{days < 0 ? 'Ended' : `${Math.floor(days).toLocaleString('en')} days left`}</Badge> <span class="note">{dateOnly(at)}</span></>;
}

function ServerCard({ health: h }: { health: Health }): JSX.Element {
    return (
        <Card title="Server" action={<Badge tone={h.status === 'ok' ? 'ok' : 'critical'}>{h.status === 'ok' ? 'All well' : 'Degraded'}</Badge>}>
            <Facts rows={[
                ['Version', h.version],
                ['Started', <Ago at={h.started_at} />],
                ['Journal', `${h.journal.entries.toLocaleString('en')} entries`],
                ['Waiting for judgement', <>{h.journal.lag.toLocaleString('en')} {h.journal.lag > 1000 && <Badge tone="medium">Behind</Badge>}</>],
                ['Connections', h.connections.toLocaleString('en')],
                ['Devices on the line', h.waiting.toLocaleString('en')],
                ['Threads', h.process.threads.toLocaleString('en')],
                ['Memory', bytes(h.process.memory_kb * 1024)],
            ]} />
        </Card>
    );
}

function StoreCard({ health: h, off }: { health: Health; off: number }): JSX.Element {
    const used = h.disk ? 1 - h.disk.free / h.disk.bytes : 0;
    return (
        <Card title="Store and clock">
            <Facts rows={[
                ['Store', STORE[h.store] ?? h.store],
                ['Database', bytes(h.store_bytes)],
                ['Disk', h.disk && <>{bytes(h.disk.free)} free of {bytes(h.disk.bytes)} {used > 0.9 && <Badge tone="critical">Nearly full</Badge>}</>],
                ['Clock', Math.abs(off) < CLOCK_OFF_MS ? <Badge tone="ok">Agrees with this browser</Badge>
                    : <Badge tone="medium">{`${Math.round(Math.abs(off) / 1000)} s ${off > 0 ? 'ahead of' : 'behind'} this browser`}</Badge>],
                ['Backup', <span class="note">Picket does not see your backups. Copy the state folder, or dump the database, while it runs
                    (sqlite3 .backup, pg_dump), and try a restore now and then.</span>],
            ]} />
        </Card>
    );
}

function CertificatesCard({ health: h }: { health: Health }): JSX.Element {
    const c = h.certificates;
    return (
        <Card title="Certificates">
            <Facts rows={[
                ['This server', <Ends at={c.server_ends_at} now={h.now} />],
                ['Authority', <Ends at={c.authority_ends_at} now={h.now} />],
                ['Of devices', c.devices_ended > 0 ? <Badge tone="high">{`${plural(c.devices_ended, 'device')} with one that ended`}</Badge>
                    : c.devices_ending > 0 ? <Badge tone="medium">{`${plural(c.devices_ending, 'device')} within 14 days`}</Badge>
                    : <Badge tone="ok">None ends soon</Badge>],
            ]} />
            <p class="sub">Devices renew theirs by themselves. The server makes itself a new one when it starts within 30 days of the end.</p>
        </Card>
    );
}

interface Intel {
    set: { version?: string; indicators?: number } | null;
    changed_at: string | null;
    changed_by: string | null;
    behind: number;
}

function FeedsCard(): JSX.Element {
    const one = useResource<Intel>('intel health', (signal) => get<Intel>('/intel', { signal }), (e) => e.type.startsWith('intel.'));
    return (
        <Card title="Feeds" action={<a href="#/apps/known">Details</a>}>
            <ResourceView of={one} lines={3}>
                {(i) => (
                    <Facts rows={[
                        ['Threat intelligence', i.changed_at ? <>put there <Ago at={i.changed_at} />{i.changed_by && ` by ${i.changed_by}`}</>
                            : <span class="note">only what came with the program</span>],
                        ['Set', i.set?.version ?? null],
                        ['Files still to judge anew', i.behind.toLocaleString('en')],
                    ]} />
                )}
            </ResourceView>
        </Card>
    );
}

// What the browser's clock said when the answer came.
interface Timed {
    health: Health;
    off: number;
}

async function load(signal: AbortSignal): Promise<Timed> {
    const began = Date.now();
    const health = await get<Health>('/health', { signal });
    return { health, off: Date.parse(health.now) - (began + Date.now()) / 2 };
}

export function HealthPart(): JSX.Element {
    const one = useResource<Timed>('health', load, () => true);
    return (
        <ResourceView of={one}>
            {({ health: h, off }) => (
                <>
                    {h.problems.length > 0 && (
                        <div class="callout bad" role="alert">
                            <strong>Needs attention</strong>
                            <ul>{h.problems.map((p) => <li key={p}>{p}</li>)}</ul>
                        </div>
                    )}
                    <div class="halves">
                        <ServerCard health={h} />
                        <StoreCard health={h} off={off} />
                        <CertificatesCard health={h} />
                        <FeedsCard />
                        <Card title="Passing on"><OutboxRows targets={h.outbox} /></Card>
                    </div>
                </>
            )}
        </ResourceView>
    );
}
