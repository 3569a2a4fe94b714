// crowd.tsx - what all devices know together: how it is, and what is bad now.
import type { JSX } from 'preact';
import { get } from '../api/client';
import type { CrowdBad, CrowdStatus } from '../api/crowdtypes';
import type { Filter } from '../api/filter';
import { formatFilter, parseFilter, toggled, withValues } from '../api/filter';
import type { PicketEvent } from '../api/types';
import { href } from '../app/address';
import { useResource } from '../app/resource';
import { replace } from '../app/router';
import { number, rich, t, tn } from '../app/words';
import { Empty, PageHead, ResourceView } from '../ui/basics';
import { codeName } from '../ui/codes';
import { CROWD_KIND_NAME, CROWD_KINDS, thingDetail, thingName, whyHref } from '../ui/crowdwords';
import { ExportButton } from '../ui/export';
import { Chips, Search } from '../ui/filterbar';
import { useList } from '../ui/list';
import type { Column } from '../ui/table';
import { More, Table } from '../ui/table';
import { Ago } from '../ui/time';

export const isCrowdNews = (e: PicketEvent): boolean => e.type.startsWith('incident.') || e.type.startsWith('crowd.');

const TABS = [
    { id: '', name: t('Bad now'), to: '#/crowd' }, { id: 'map', name: t('Map'), to: '#/crowd/map' },
    { id: 'exchange', name: t('Exchange'), to: '#/crowd/exchange' },
];

export function CrowdTabs({ now }: { now: string }): JSX.Element {
    return (
        <nav class="tabs" aria-label={t('Parts of the crowd')}>
            {TABS.map((tab) => <a key={tab.id} href={tab.to} aria-current={tab.id === now ? 'page' : undefined}>{tab.name}</a>)}
        </nav>
    );
}

const megabytes = (bytes: number): string => `${number(bytes / 1048576, { maximumFractionDigits: 1 })} MB`;

function StatusLine({ of: s }: { of: CrowdStatus }): JSX.Element {
    const c = s.counts;
    if (!s.enabled) {
        return <p class="note crowd-status">{t("The crowd is turned off in the server's settings (crowd.enabled).")}</p>;
    }
    const sightings = tn('{n} sighting', '{n} sightings', s.sightings);
    const size = megabytes(s.memory.bytes);
    const when = <Ago at={s.checkpoint_at} />;
    return (
        <p class="note crowd-status">
            {s.per_second > 0
                ? tn('{sightings} of {n} device, {rate} a second:', '{sightings} of {n} devices, {rate} a second:', c.devices,
                    { sightings, rate: number(s.per_second, { maximumFractionDigits: 1 }) })
                : tn('{sightings} of {n} device:', '{sightings} of {n} devices:', c.devices, { sightings })}{' '}
            {tn('{points} of {n} network, {masts}, {apps}; {suspects}.', '{points} of {n} networks, {masts}, {apps}; {suspects}.', c.networks, {
                points: tn('{n} access point', '{n} access points', c.points), masts: tn('{n} mast', '{n} masts', c.masts),
                apps: tn('{n} app file', '{n} app files', c.apps), suspects: tn('{n} suspect', '{n} suspects', c.suspects),
            })}{' '}
            {s.lag > 0
                ? rich('{size} in memory, saved {when}, {reports} to be worked in.', { size, when, reports: tn('{n} report', '{n} reports', s.lag) })
                : rich('{size} in memory, saved {when}.', { size, when })}
            {s.stuck && ` ${t('The store cannot be written, so nothing is learnt.')}`}
        </p>
    );
}

const COLUMNS: Column<CrowdBad>[] = [
    {
        id: 'name', head: t('What'), kind: 'main',
        cell: (b) => (
            <>
                <a href={whyHref(b)} data-main>{thingName(b)}</a>
                <span class="sub">{CROWD_KIND_NAME[b.kind]}{thingDetail(b) && <> · <span class="mono">{thingDetail(b)}</span></>}</span>
            </>
        ),
    },
    { id: 'why', head: t('Why'), cell: (b) => b.why ?? '–' },
    { id: 'devices', head: t('Devices'), kind: 'number', sort: 'devices', cell: (b) => b.devices === null ? t('few') : `${number(b.devices)}+` },
    { id: 'cause', head: t('Kind of attack'), kind: 'wide', cell: (b) => b.cause ? codeName(b.cause) : '–' },
    { id: 'score', head: t('Score'), kind: 'number', sort: 'score', cell: (b) => b.score?.toFixed(1) ?? '–' },
    { id: 'since', head: t('Since'), sort: 'since_at', cell: (b) => <Ago at={b.since_at} /> },
];

const CSV_HEAD = ['kind', 'name', 'network', 'bssid', 'place', 'mast', 'app', 'signer', 'score', 'devices', 'groups', 'clean', 'since_at', 'cause', 'why'];
const csvRow = (b: CrowdBad): (string | number | null)[] => [b.kind, b.name, b.network, b.bssid, b.place, b.mast, b.app, b.signer, b.score, b.devices, b.groups,
    b.clean, b.since_at, b.cause, b.why];

function Nothing({ filtered }: { filtered: boolean }): JSX.Element {
    return filtered ? (
        <Empty icon="search" title={t('Nothing bad matches these filters')}><p><a href="#/crowd">{t('Show all of it')}</a></p></Empty>
    ) : (
        <Empty icon="crowd" title={t('Nothing is bad right now')}>
            <p>{t('When enough trusted devices speak against a network, a mast or an app, it stands here with the reasons, and all other devices are warned before they meet it.')}</p>
        </Empty>
    );
}

const CHIPS: [string, (value: string) => string][] = [
    ['network', (value) => t('network: {value}', { value })], ['cause', (value) => t('cause: {value}', { value })], ['place', (value) => t('place: {value}', { value })],
];

export function CrowdPage({ query }: { query: Record<string, string> }): JSX.Element {
    const text = query['filter'] ?? '';
    const sort = query['sort'] ?? '-score';
    const filter = parseFilter(text);
    const status = useResource<CrowdStatus>('crowd', (signal) => get<CrowdStatus>('/crowd', { signal }), isCrowdNews);
    const list = useList<CrowdBad>('/crowd/bad', { filter: text, sort }, isCrowdNews);
    const show = (next: Filter, by: string): void =>
        replace(href(['crowd'], { filter: formatFilter(next), sort: by === '-score' ? '' : by }));
    const hidden = status.data?.hidden ?? 0;
    return (
        <>
            <PageHead title={t('Crowd')} note={list.data && tn('{n} thing bad now', '{n} things bad now', list.data.total)}>
                <ExportButton path="/crowd/bad" query={{ filter: text, sort }} name="crowd" head={CSV_HEAD} row={csvRow} />
            </PageHead>
            <CrowdTabs now="" />
            <ResourceView of={status} lines={1}>{(s) => <StatusLine of={s} />}</ResourceView>
            <div class="filters">
                <Search value={filter['q']?.[0] ?? ''} label={t('Search name or ID')}
                    onChange={(q) => show(withValues(filter, 'q', q ? [q] : []), sort)} />
                <Chips label={t('Kind')} on={filter['kind'] ?? []} options={CROWD_KINDS.map((id) => ({ id, name: CROWD_KIND_NAME[id] }))}
                    onToggle={(id) => show(toggled(filter, 'kind', id), sort)} />
                {CHIPS.filter(([field]) => filter[field]).map(([field, name]) => (
                    <button key={field} type="button" class="chip" aria-pressed={true} onClick={() => show(withValues(filter, field, []), sort)}>
                        {name(filter[field]?.[0] ?? '')} ×
                    </button>
                ))}
            </div>
            <ResourceView of={list} lines={8}>
                {(page) => page.items.length === 0 ? <Nothing filtered={text !== ''} /> : (
                    <div class="card flush">
                        <Table caption={t('Things that are bad now')} columns={COLUMNS} rows={page.items} keyOf={(b) => b.id}
                            sort={sort} onSort={(by) => show(filter, by)} />
                        <More shown={page.items.length} total={page.total} more={page.next_cursor !== null}
                            loading={list.loading} onMore={list.more} />
                    </div>
                )}
            </ResourceView>
            {hidden > 0 && status.data && (
                <p class="note homes">{tn('One more is only counted: fewer than {devices} know it. Their incidents still stand under Incidents.',
                    '{n} more are only counted: fewer than {devices} know each. Their incidents still stand under Incidents.', hidden,
                    { devices: tn('{n} device', '{n} devices', status.data.min_devices) })}</p>
            )}
        </>
    );
}
