// networkparts.tsx - the cards of a network's page: evidence, who met it, what was seen, what was checked.
import type { JSX } from 'preact';
import type { NetworkFact, NetworkFull, NetworkMoment, NetworkVisit, Trait } from '../api/nettypes';
import { deviceHref, incidentHref, networksHref } from '../app/address';
import { number, rich, t, tn } from '../app/words';
import { Evidence } from '../evidence/evidence';
import { Badge, SeverityBadge, StateBadge } from '../ui/badge';
import { Card, Facts } from '../ui/basics';
import { useList } from '../ui/list';
import { titleOf } from '../ui/names';
import { LINK_NAME, SECURITY_NAME } from '../ui/networds';
import type { Column } from '../ui/table';
import { More, Table } from '../ui/table';
import { Ago, dateOnly, Exact } from '../ui/time';
import { label, sentence, threatName } from '../ui/words';

export function EvidenceCards({ network: n }: { network: NetworkFull }): JSX.Element | null {
    return n.evidence.length === 0 ? null : (
        <>
            {n.evidence.map((e) => (
                <Card key={e.id} title={threatName(e.threat)} note={rich('on {device}, {when}', { device: <a href={deviceHref(e.device.id)}>{e.device.name}</a>, when: <Ago at={e.updated_at} /> })}
                    action={<span class="head-facts"><SeverityBadge of={e.severity} /><StateBadge of={e.state} /></span>}>
                    <p class="prose evidence-lead"><a href={incidentHref(e.id)}>{titleOf(e)}</a></p>
                    <Evidence of={e.evidence} />
                </Card>
            ))}
        </>
    );
}

const VISIT_COLUMNS: Column<NetworkVisit>[] = [
    { id: 'device', head: t('Device'), kind: 'main', cell: (v) => <a href={deviceHref(v.device.id)} data-main>{v.device.name}</a> },
    { id: 'visits', head: t('Visits'), kind: 'number', cell: (v) => number(v.visits) },
    { id: 'open', head: t('Open'), kind: 'number', cell: (v) => v.open_incidents > 0 ? v.open_incidents : <span class="zero">0</span> },
    { id: 'first', head: t('First'), kind: 'side', cell: (v) => <Ago at={v.first_seen_at} /> },
    { id: 'seen', head: t('Last'), cell: (v) => <Ago at={v.last_seen_at} /> },
];

export function VisitsCard({ id, devices }: { id: string; devices: number }): JSX.Element {
    const list = useList<NetworkVisit>(`/networks/${encodeURIComponent(id)}/devices`, {});
    const page = list.data;
    return (
        <Card title={t('Who met it')} note={tn('{n} device', '{n} devices', devices)} class={page && page.items.length > 0 ? 'flush' : ''}>
            {!page ? <p class="note">{t('Loading …')}</p> : page.items.length === 0 ? <p class="note">{t('Nobody that is still known.')}</p> : (
                <>
                    <Table caption={t('Devices that met it')} columns={VISIT_COLUMNS} rows={page.items} keyOf={(v) => v.device.id} />
                    {page.next_cursor !== null && <More shown={page.items.length} total={page.total} more loading={list.loading} onMore={list.more} />}
                </>
            )}
        </Card>
    );
}

const MOMENT_TEXT: Record<NetworkMoment['what'], string> = {
    detected: t('Seen'), resolved: t('Over'), dismissed: t('Dismissed'), mitigated: t('Contained'), open: t('Open'),
};

export function MomentsCard({ list }: { list: NetworkMoment[] }): JSX.Element {
    return (
        <Card title={t('Time line')}>
            {list.length === 0 ? <p class="note">{t('Nothing was ever found here.')}</p> : (
                <ol class="rows moments">
                    {list.map((m, i) => (
                        <li key={i}>
                            <span><a href={incidentHref(m.incident)}>{t('{what}: {threat}', { what: MOMENT_TEXT[m.what] ?? sentence(m.what), threat: threatName(m.threat) })}</a>
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
    return list.length === 0 ? <span class="muted">{t('none seen')}</span> : (
        <ul class="traits">
            {list.map((one) => (
                <li key={one.value} title={t('first {first}, last {last}', { first: dateOnly(one.first_seen_at), last: dateOnly(one.last_seen_at) })}>
                    <span class="mono">{link ? <a href={link(one.value)}>{one.value}</a> : one.value}</span>
                    <span class="sub"><Ago at={one.last_seen_at} /></span>
                </li>
            ))}
        </ul>
    );
}

export function SeenCard({ network: n }: { network: NetworkFull }): JSX.Element {
    return (
        <Card title={t('What was seen of it')}>
            <Facts rows={[
                [t('Kind'), LINK_NAME[n.link]],
                [t('Security'), n.link === 'wifi' ? SECURITY_NAME[n.security] : '–'],
                [t('Access points'), <Traits list={n.seen.points} />],
                [t('Routers'), <Traits list={n.seen.gateways} />],
                [t('Name servers'), <Traits list={n.seen.resolvers} />],
                [t('Places'), <Traits list={n.seen.places} link={(p) => networksHref(`place:${p}`)} />],
                [t('First seen'), <Exact at={n.first_seen_at} />],
                [t('Last seen'), <Exact at={n.last_seen_at} />],
                [t('Checked'), <Ago at={n.checked_at} />],
                [t('Forgotten'), n.forgotten_at ? t('on {date}, if nobody meets it again', { date: dateOnly(n.forgotten_at) }) : t('not while something is open')],
                ['ID', <span class="mono breakable">{n.id}</span>],
            ]} />
        </Card>
    );
}

export function TrustCard({ network: n }: { network: NetworkFull }): JSX.Element {
    const own = n.trust;
    return (
        <Card title={t('Your list')}>
            {!own ? <p class="note">{t("It is not on your policy's list of networks, so it has no name here.")} <a href="#/networks/trust">{t('What is trusted')}</a></p> : (
                <>
                    <p class="trust-line">{own.fits === null ? <Badge tone="info">{t('Nothing seen to compare')}</Badge> : own.fits ? <Badge tone="ok">{t('As your list says')}</Badge>
                        : <Badge tone="high">{t('Not as your list says')}</Badge>} {own.name}</p>
                    {own.why.length > 0 && <ul class="why">{own.why.map((w) => <li key={w} class="breakable">{sentence(w)}</li>)}</ul>}
                    <Facts rows={[
                        [t('At least'), own.security === 'unknown' ? t('not told') : SECURITY_NAME[own.security]],
                        [t('Access points'), own.bssids > 0 ? tn('{n} address', '{n} addresses', own.bssids) : t('any')],
                        [t('Certificate'), own.certificate ? t('named') : t('not told')],
                    ]} />
                </>
            )}
        </Card>
    );
}

const FACT_NAME: Record<string, string> = {
    network: t('When joined'), gateway: t('Router'), dns: t('Name server'), tls: t('Check host'), http: t('Page over HTTP'), portal: t('Sign-in page'),
    lease: t('Address lease (DHCP)'), routers: t('IPv6 routers'), proxy: t('Proxy script'), wifi: t('Access points around'),
};

const KEEP = new Set(['event', 'place', 'visits']);

function withoutNoise(fact: NetworkFact): NetworkFact['body'] {
    return Object.fromEntries(Object.entries(fact.body).filter(([key]) => !(fact.kind === 'network' && KEEP.has(key))));
}

export function FactsCard({ facts }: { facts: NetworkFact[] }): JSX.Element | null {
    return facts.length === 0 ? null : (
        <Card title={t('Checks, as they came out last')}>
            {facts.map((f) => (
                <details key={`${f.kind} ${f.about ?? ''}`} class="fold">
                    <summary>{FACT_NAME[f.kind] ?? label(f.kind)}{f.about && <span class="mono"> {f.about}</span>}<span class="note"> <Ago at={f.at} /></span></summary>
                    <Evidence of={withoutNoise(f)} />
                </details>
            ))}
        </Card>
    );
}
