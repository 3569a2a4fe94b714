// health.tsx - is the server well: its parts, its disk, its certificates, what it knows, and what it passes on.
import type { JSX } from 'preact';
import { get } from '../api/client';
import type { Health } from '../api/types';
import { useResource } from '../app/resource';
import { number, rich, t, tn } from '../app/words';
import type { Tone } from '../ui/badge';
import { Badge } from '../ui/badge';
import { Card, Facts, ResourceView } from '../ui/basics';
import { Ago, dateOnly } from '../ui/time';
import { OutboxRows } from './outbox';

const STORE: Record<string, string> = { sqlite: 'SQLite', postgresql: 'PostgreSQL' };
const DAY_MS = 86_400_000;
const CLOCK_OFF_MS = 5000; // slower links than that are rare

export function bytes(n: number): string {
    const units = [t('bytes'), 'kB', 'MB', 'GB', 'TB'];
    let at = 0;
    let size = n;
    while (size >= 1000 && at < units.length - 1) {
        size /= 1000;
        at++;
    }
    return `${at === 0 || size >= 100 ? Math.round(size) : number(size, { minimumFractionDigits: 1, maximumFractionDigits: 1 })} ${units[at]}`;
}

function Ends({ at, now }: { at: string | null; now: string }): JSX.Element {
    if (at === null) {
        return <span class="muted">{t('unknown')}</span>;
    }
    const days = (Date.parse(at) - Date.parse(now)) / DAY_MS;
    const tone: Tone = days < 7 ? 'critical' : days < 25 ? 'medium' : 'ok';
    return <><Badge tone={tone}>{days < 0 ? t('Ended') : tn('{n} day left', '{n} days left', Math.floor(days))}</Badge> <span class="note">{dateOnly(at)}</span></>;
}

function ServerCard({ health: h }: { health: Health }): JSX.Element {
    return (
        <Card title={t('Server')} action={<Badge tone={h.status === 'ok' ? 'ok' : 'critical'}>{h.status === 'ok' ? t('All well') : t('Degraded')}</Badge>}>
            <Facts rows={[
                [t('Version'), h.version],
                [t('Started'), <Ago at={h.started_at} />],
                [t('Journal'), tn('{n} entry', '{n} entries', h.journal.entries)],
                [t('Waiting for judgement'), <>{number(h.journal.lag)} {h.journal.lag > 1000 && <Badge tone="medium">{t('Behind')}</Badge>}</>],
                [t('Connections'), number(h.connections)],
                [t('Devices on the line'), number(h.waiting)],
                [t('Threads'), number(h.process.threads)],
                [t('Memory'), bytes(h.process.memory_kb * 1024)],
            ]} />
        </Card>
    );
}

function StoreCard({ health: h, off }: { health: Health; off: number }): JSX.Element {
    const used = h.disk ? 1 - h.disk.free / h.disk.bytes : 0;
    return (
        <Card title={t('Store and clock')}>
            <Facts rows={[
                [t('Store'), STORE[h.store] ?? h.store],
                [t('Database'), bytes(h.store_bytes)],
                [t('Disk'), h.disk && <>{t('{free} free of {all}', { free: bytes(h.disk.free), all: bytes(h.disk.bytes) })} {used > 0.9 && <Badge tone="critical">{t('Nearly full')}</Badge>}</>],
                [t('Clock'), Math.abs(off) < CLOCK_OFF_MS ? <Badge tone="ok">{t('Agrees with this browser')}</Badge>
                    : <Badge tone="medium">{off > 0
                        ? t('{n} s ahead of this browser', { n: Math.round(off / 1000) }) : t('{n} s behind this browser', { n: Math.round(-off / 1000) })}</Badge>],
                [t('Backup'), <span class="note">{t('Picket does not see your backups. Copy the state folder, or dump the database, while it runs (sqlite3 .backup, pg_dump), and try a restore now and then.')}</span>],
            ]} />
        </Card>
    );
}

function CertificatesCard({ health: h }: { health: Health }): JSX.Element {
    const c = h.certificates;
    return (
        <Card title={t('Certificates')}>
            <Facts rows={[
                [t('This server'), <Ends at={c.server_ends_at} now={h.now} />],
                [t('Authority'), <Ends at={c.authority_ends_at} now={h.now} />],
                [t('Of devices'), c.devices_ended > 0 ? <Badge tone="high">{tn('{n} device with one that ended', '{n} devices with one that ended', c.devices_ended)}</Badge>
                    : c.devices_ending > 0 ? <Badge tone="medium">{tn('{n} device within 14 days', '{n} devices within 14 days', c.devices_ending)}</Badge>
                    : <Badge tone="ok">{t('None ends soon')}</Badge>],
            ]} />
            <p class="sub">{t('Devices renew theirs by themselves. The server makes itself a new one when it starts within 30 days of the end.')}</p>
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
    const one = useResource<Intel>('intel/health', (signal) => get<Intel>('/intel', { signal }), (e) => e.type.startsWith('intel.'));
    return (
        <Card title={t('Feeds')} action={<a href="#/apps/known">{t('Details')}</a>}>
            <ResourceView of={one} lines={3}>
                {(i) => (
                    <Facts rows={[
                        [t('Threat intelligence'), i.changed_at ? <>{i.changed_by
                            ? rich('put there {when} by {who}', { when: <Ago at={i.changed_at} />, who: i.changed_by })
                            : rich('put there {when}', { when: <Ago at={i.changed_at} /> })}</>
                            : <span class="note">{t('only what came with the program')}</span>],
                        [t('Set'), i.set?.version ?? null],
                        [t('Files still to judge anew'), number(i.behind)],
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
                            <strong>{t('Needs attention')}</strong>
                            <ul>{h.problems.map((p) => <li key={p}>{p}</li>)}</ul>
                        </div>
                    )}
                    <div class="halves">
                        <ServerCard health={h} />
                        <StoreCard health={h} off={off} />
                        <CertificatesCard health={h} />
                        <FeedsCard />
                        <Card title={t('Passing on')}><OutboxRows targets={h.outbox} /></Card>
                    </div>
                </>
            )}
        </ResourceView>
    );
}
