// networkparts.tsx - the cards of a network's page: evidence, who met it, what was seen, what was checked.
import type { JSX } from 'preact';
import type { NetworkFact, NetworkFull, NetworkMoment, NetworkVisit, Trait } from '../api/nettypes';
import { deviceHref, incidentHref, networksHref } from '../app/address';
import { Evidence } from '../evidence/evidence';
import { Badge, SeverityBadge, StateBadge } from '../ui/badge';
import { Card, Facts } from '../ui/basics';
import { useList } from '../ui/list';
import { said } from '../ui/names';
import { LINK_NAME, SECURITY_NAME } from '../ui/networds';
import type { Column } from '../ui/table';
import { More, Table } from '../ui/table';
import { Ago, dateOnly, Exact } from '../ui/time';
import { label, plural, sentence, threatName } from '../ui/words';

export function EvidenceCards({ network: n }: { network: NetworkFull }): JSX.Element | null {
    return n.evidence.length === 0 ? null : (
        <>
            {n.evidence.map((e) => (
                <Card key={e.id} title={threatName(e.threat)} note={<>on <a href={deviceHref(e.device.id)}>{e.device.name}</a>, <Ago at={e.updated_at} /></>}
                    action={<span class="head-facts"><SeverityBadge of={e.severity} /><StateBadge of={e.state} /></span>}>
                    <p class="prose evidence-lead"><a href={incidentHref(e.id)}>{said(e.title, e.subject)}</a></p>
                    <Evidence of={e.evidence} />
                </Card>
            ))}
        </>
    );
}

const VISIT_COLUMNS: Column<NetworkVisit>[] = [
    { id: 'device', head: 'Device', kind: 'main', cell: (v) => <a href={deviceHref(v.device.id)} data-main>{v.device.name}</a> },
    { id: 'visits', head: 'Visits', kind: 'number', cell: (v) => v.visits.toLocaleString('en') },
    { id: 'open', head: 'Open', kind: 'number', cell: (v) => v.open_incidents > 0 ? v.open_incidents : <span class="zero">0</span> },
    { id: 'first', head: 'First', kind: 'side', cell: (v) => <Ago at={v.first_seen_at} /> },
    { id: 'seen', head: 'Last', cell: (v) => <Ago at={v.last_seen_at} /> },
];

export function VisitsCard({ id, devices }: { id: string; devices: number }): JSX.Element {
    const list = useList<NetworkVisit>(`/networks/${encodeURIComponent(id)}/devices`, {});
    const page = list.data;
    return (
        <Card title="Who met it" note={plural(devices, 'device')} class={page && page.items.length > 0 ? 'flush' : ''}>
            {!page ? <p class="note">Loading …</p> : page.items.length === 0 ? <p class="note">Nobody that is still known.</p> : (
                <>
                    <Table caption="Devices that met it" columns={VISIT_COLUMNS} rows={page.items} keyOf={(v) => v.device.id} />
                    {page.next_cursor !== null && <More shown={page.items.length} total={page.total} more loading={list.loading} onMore={list.more} />}
                </>
            )}
        </Card>
    );
}

const MOMENT_TEXT: Record<NetworkMoment['what'], string> = {
    detected: 'Seen', resolved: 'Over', dismissed: 'Dismissed', mitigated: 'Contained', open: 'Open',
};

export function MomentsCard({ list }: { list: NetworkMoment[] }): JSX.Element {
    return (
        <Card title="Time line">
            {list.length === 0 ? <p class="note">Nothing was ever found here.</p> : (
                <ol class="rows moments">
                    {list.map((m, i) => (
                        <li key={i}>
                            <span><a href={incidentHref(m.incident)}>{MOMENT_TEXT[m.what] ?? sentence(m.what)}: {threatName(m.threat)}</a>
                                <span class="sub"><Exact at={m.at} /> · {m.device.name}</span></span>
                            <SeverityBadge of={m.severity} />
                        </li>
                    ))}
                </ol>
            )}
        </Card>
    );
}

function Traits({ list, link }: { list: Trait[]; link?: (value: string) => string }): JSX.Element {
    return list.length === 0 ? <span class="muted">none seen</span> : (
        <ul class="traits">
            {list.map((t) => (
                <li key={t.value} title={`first ${dateOnly(t.first_seen_at)}, last ${dateOnly(t.last_seen_at)}`}>
                    <span class="mono">{link ? <a href={link(t.value)}>{t.value}</a> : t.value}</span>
                    <span class="sub"><Ago at={t.last_seen_at} /></span>
                </li>
            ))}
        </ul>
    );
}

export function SeenCard({ network: n }: { network: NetworkFull }): JSX.Element {
    return (
        <Card title="What was seen of it">
            <Facts rows={[
                ['Kind', LINK_NAME[n.link]],
                ['Security', n.link === 'wifi' ? SECURITY_NAME[n.security] : '–'],
                ['Access points', <Traits list={n.seen.points} />],
                ['Routers', <Traits list={n.seen.gateways} />],
                ['Name servers', <Traits list={n.seen.resolvers} />],
                ['Places', <Traits list={n.seen.places} link={(p) => networksHref(`place:${p}`)} />],
                ['First seen', <Exact at={n.first_seen_at} />],
                ['Last seen', <Exact at={n.last_seen_at} />],
                ['Checked', <Ago at={n.checked_at} />],
                ['Forgotten', n.forgotten_at ? <>on {dateOnly(n.forgotten_at)}, if nobody meets it again</> : 'not while something is open'],
                ['ID', <span class="mono breakable">{n.id}</span>],
            ]} />
        </Card>
    );
}

export function TrustCard({ network: n }: { network: NetworkFull }): JSX.Element {
    const t = n.trust;
    return (
        <Card title="Your list">
            {!t ? <p class="note">It is not on your policy's list of networks, so it has no name here. <a href="#/networks/trust">What is trusted</a></p> : (
                <>
                    <p class="trust-line">{t.fits === null ? <Badge tone="info">Nothing seen to compare</Badge> : t.fits ? <Badge tone="ok">As your list says</Badge>
                        : <Badge tone="high">Not as your list says</Badge>} {t.name}</p>
                    {t.why.length > 0 && <ul class="why">{t.why.map((w) => <li key={w} class="breakable">{sentence(w)}</li>)}</ul>}
                    <Facts rows={[
                        ['At least', t.security === 'unknown' ? 'not told' : SECURITY_NAME[t.security]],
                        ['Access points', t.bssids > 0 ? plural(t.bssids, 'address', 'addresses') : 'any'],
                        ['Certificate', t.certificate ? 'named' : 'not told'],
                    ]} />
                </>
            )}
        </Card>
    );
}

const FACT_NAME: Record<string, string> = {
    network: 'When joined', gateway: 'Router', dns: 'Name server', tls: 'Check host', http: 'Page over HTTP', portal: 'Sign-in page',
    lease: 'Address lease (DHCP)', routers: 'IPv6 routers', proxy: 'Proxy script', wifi: 'Access points around',
};

const KEEP = new Set(['event', 'place', 'visits']);

function withoutNoise(fact: NetworkFact): NetworkFact['body'] {
    return Object.fromEntries(Object.entries(fact.body).filter(([key]) => !(fact.kind === 'network' && KEEP.has(key))));
}

export function FactsCard({ facts }: { facts: NetworkFact[] }): JSX.Element | null {
    return facts.length === 0 ? null : (
        <Card title="Checks, as they came out last">
            {facts.map((f) => (
                <details key={`${f.kind} ${f.about ?? ''}`} class="fold">
                    <summary>{FACT_NAME[f.kind] ?? label(f.kind)}{f.about && <span class="mono"> {f.about}</span>}<span class="note"> <Ago at={f.at} /></span></summary>
                    <Evidence of={withoutNoise(f)} />
                </details>
            ))}
        </Card>
    );
}
