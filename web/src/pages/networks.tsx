// networks.tsx - networks that devices met: which are attacked, which are yours, who was there. Homes are only counted.
import type { JSX } from 'preact';
import { get } from '../api/client';
import type { Filter } from '../api/filter';
import { formatFilter, parseFilter, toggled, withValues } from '../api/filter';
import type { NetworkMap, NetworkSummary } from '../api/nettypes';
import type { PicketEvent } from '../api/types';
import { href, networksHref } from '../app/address';
import { useResource } from '../app/resource';
import { replace } from '../app/router';
import { t, tn } from '../app/words';
import { Empty, PageHead, ResourceView } from '../ui/basics';
import { ExportButton } from '../ui/export';
import { Chips, Search, Select } from '../ui/filterbar';
import { useList } from '../ui/list';
import { NET_VERDICT_NAME, NET_VERDICTS } from '../ui/networds';
import { More, Table } from '../ui/table';
import { sentence } from '../ui/words';
import { NETWORK_COLUMNS } from './networklist';

const CSV_HEAD = ['id', 'name', 'link', 'security', 'verdict', 'severity', 'threat', 'devices', 'place', 'last_bad_at',
    'first_seen_at', 'last_seen_at', 'forgotten_at'];

const csvRow = (n: NetworkSummary): (string | number | null)[] => [
    n.id, n.name, n.link, n.security, n.verdict, n.severity, n.threat, n.devices, n.place, n.last_bad_at, n.first_seen_at,
    n.last_seen_at, n.forgotten_at,
];

const TABS = [
    { id: '', name: t('All networks'), to: '#/networks' }, { id: 'map', name: t('Map'), to: '#/networks/map' },
    { id: 'trust', name: t('What is trusted'), to: '#/networks/trust' },
];

export function NetworkTabs({ now }: { now: string }): JSX.Element {
    return (
        <nav class="tabs" aria-label={t('Parts of networks')}>
            {TABS.map((tab) => <a key={tab.id} href={tab.to} aria-current={tab.id === now ? 'page' : undefined}>{tab.name}</a>)}
        </nav>
    );
}

export const isNetworkNews = (e: PicketEvent): boolean => e.incident?.vector === 'network' || e.type === 'device.seen';

const SEVERITY_OPTIONS = [{ id: '', name: t('Any severity') },
    ...['critical', 'high', 'medium', 'low'].map((id) => ({ id, name: sentence(id) }))];
const LINK_OPTIONS = [{ id: '', name: t('Any kind') }, { id: 'wifi', name: t('Wi-Fi') }, { id: 'wired', name: t('Wired') },
    { id: 'cellular', name: t('Cellular') }, { id: 'vpn', name: 'VPN' }];

function NetworkFilters({ filter, onChange }: { filter: Filter; onChange: (next: Filter) => void }): JSX.Element {
    const set = (field: string, values: string[]): void => onChange(withValues(filter, field, values));
    const chip = (field: string, name: string): JSX.Element => (
        <button type="button" class="chip" aria-pressed={filter[field]?.[0] === 'yes'}
            onClick={() => set(field, filter[field]?.[0] === 'yes' ? [] : ['yes'])}>{name}</button>
    );
    return (
        <div class="filters">
            <Search value={filter['q']?.[0] ?? ''} label={t('Search name or ID')}
                onChange={(text) => set('q', text ? [text] : [])} />
            <Chips label={t('Verdict')} on={filter['verdict'] ?? []}
                options={NET_VERDICTS.map((v) => ({ id: v, name: NET_VERDICT_NAME[v] }))}
                onToggle={(id) => onChange(toggled(filter, 'verdict', id))} />
            <div class="chips" role="group" aria-label={t('Which')}>{chip('attacked', t('Ever attacked'))}{chip('listed', t('Your own'))}</div>
            <Select label={t('Severity')} value={filter['severity']?.[0] ?? ''} options={SEVERITY_OPTIONS}
                onChange={(id) => set('severity', id ? [id] : [])} />
            <Select label={t('Kind')} value={filter['link']?.[0] ?? ''} options={LINK_OPTIONS}
                onChange={(id) => set('link', id ? [id] : [])} />
            {['place', 'device', 'security'].filter((field) => filter[field]).map((field) => (
                <button key={field} type="button" class="chip" aria-pressed="true" onClick={() => set(field, [])}>
                    {field === 'place' ? t('In cell {cell}', { cell: filter[field]?.[0] ?? '' })
                        : field === 'device' ? t('One device only') : t('One security only')} ×
                </button>
            ))}
        </div>
    );
}

export function Homes({ of: m }: { of: NetworkMap | undefined }): JSX.Element | null {
    return !m || m.homes === 0 ? null : (
        <p class="note homes">{tn(
            "One more network is only counted: fewer than {devices} met it and no attack was seen, so it may be somebody's home. What nobody meets for {days} is forgotten.",
            "{n} more networks are only counted: fewer than {devices} met each and no attack was seen, so they may be somebody's home. What nobody meets for {days} is forgotten.",
            m.homes, { devices: tn('{n} device', '{n} devices', m.min_devices), days: tn('{n} day', '{n} days', m.keep_days) })}</p>
    );
}

function NoNetworks({ filtered }: { filtered: boolean }): JSX.Element {
    return filtered ? (
        <Empty icon="search" title={t('No network matches these filters')}><p><a href={networksHref('')}>{t('Show all networks')}</a></p></Empty>
    ) : (
        <Empty icon="network" title={t('No networks yet')}>
            <p>{t("Networks appear when several devices met them, when an attack was seen there, or when your policy lists them. Devices never tell a network's name: only those on your own list have one here.")}</p>
        </Empty>
    );
}

export function NetworksPage({ query }: { query: Record<string, string> }): JSX.Element {
    const text = query['filter'] ?? '';
    const sort = query['sort'] ?? '-verdict';
    const filter = parseFilter(text);
    const list = useList<NetworkSummary>('/networks', { filter: text, sort }, isNetworkNews);
    const map = useResource<NetworkMap>('networks-map', (signal) => get<NetworkMap>('/networks/map', { signal }));
    const show = (next: Filter, by: string): void =>
        replace(href(['networks'], { filter: formatFilter(next), sort: by === '-verdict' ? '' : by }));
    return (
        <>
            <PageHead title={t('Networks')} note={list.data && tn('{n} network', '{n} networks', list.data.total)}>
                <ExportButton path="/networks" query={{ filter: text, sort }} name="networks" head={CSV_HEAD} row={csvRow} />
            </PageHead>
            <NetworkTabs now="" />
            <NetworkFilters filter={filter} onChange={(next) => show(next, sort)} />
            <ResourceView of={list} lines={8}>
                {(page) => page.items.length === 0 ? <NoNetworks filtered={text !== ''} /> : (
                    <div class="card flush">
                        <Table caption={t('Networks')} columns={NETWORK_COLUMNS} rows={page.items} keyOf={(n) => n.id}
                            sort={sort} onSort={(by) => show(filter, by)} />
                        <More shown={page.items.length} total={page.total} more={page.next_cursor !== null}
                            loading={list.loading} onMore={list.more} />
                    </div>
                )}
            </ResourceView>
            <Homes of={map.data} />
        </>
    );
}
