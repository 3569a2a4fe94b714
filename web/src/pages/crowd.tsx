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
import { Empty, PageHead, ResourceView } from '../ui/basics';
import { CROWD_KIND_NAME, CROWD_KINDS, thingDetail, thingName, whyHref } from '../ui/crowdwords';
import { ExportButton } from '../ui/export';
import { Chips, Search } from '../ui/filterbar';
import { useList } from '../ui/list';
import type { Column } from '../ui/table';
import { More, Table } from '../ui/table';
import { Ago } from '../ui/time';
import { plural, sentence } from '../ui/words';

export const isCrowdNews = (e: PicketEvent): boolean => e.type.startsWith('incident.') || e.type.startsWith('crowd.');

const TABS = [
    { id: '', name: 'Bad now', to: '#/crowd' }, { id: 'map', name: 'Map', to: '#/crowd/map' },
    { id: 'exchange', name: 'Exchange', to: '#/crowd/exchange' },
];

export function CrowdTabs({ now }: { now: string }): JSX.Element {
    return (
        <nav class="tabs" aria-label="Parts of the crowd">
            {TABS.map((t) => <a key={t.id} href={t.to} aria-current={t.id === now ? 'page' : undefined}>{t.name}</a>)}
        </nav>
    );
}

const megabytes = (bytes: number): string => `${(bytes / 1048576).toLocaleString('en', { maximumFractionDigits: 1 })} MB`;

function StatusLine({ of: s }: { of: CrowdStatus }): JSX.Element {
    const c = s.counts;
    if (!s.enabled) {
        return <p class="note crowd-status">The crowd is turned off in the server's settings (crowd.enabled).</p>;
    }
    return (
        <p class="note crowd-status">
            {plural(s.sightings, 'sighting')} of {plural(c.devices, 'device')}{s.per_second > 0 && <>, {s.per_second.toLocaleString('en', { maximumFractionDigits: 1 })} a second</>}:{' '}
            {plural(c.points, 'access point')} of {plural(c.networks, 'network')}, {plural(c.masts, 'mast')}, {plural(c.apps, 'app file')}; {plural(c.suspects, 'suspect')}.
            {' '}{megabytes(s.memory.bytes)} in memory, saved <Ago at={s.checkpoint_at} />{s.lag > 0 && <>, {plural(s.lag, 'report')} to be worked in</>}.
            {s.stuck && ' The store cannot be written, so nothing is learnt.'}
        </p>
    );
}

const COLUMNS: Column<CrowdBad>[] = [
    {
        id: 'name', head: 'What', kind: 'main',
        cell: (b) => (
            <>
                <a href={whyHref(b)} data-main>{thingName(b)}</a>
                <span class="sub">{CROWD_KIND_NAME[b.kind]}{thingDetail(b) && <> · <span class="mono">{thingDetail(b)}</span></>}</span>
            </>
        ),
    },
    { id: 'why', head: 'Why', cell: (b) => b.why ?? '–' },
    { id: 'devices', head: 'Devices', kind: 'number', sort: 'devices', cell: (b) => b.devices === null ? 'few' : `${b.devices.toLocaleString('en')}+` },
    { id: 'cause', head: 'Kind of attack', kind: 'wide', cell: (b) => b.cause ? sentence(b.cause) : '–' },
    { id: 'score', head: 'Score', kind: 'number', sort: 'score', cell: (b) => b.score?.toFixed(1) ?? '–' },
    { id: 'since', head: 'Since', sort: 'since_at', cell: (b) => <Ago at={b.since_at} /> },
];

const CSV_HEAD = ['kind', 'name', 'network', 'bssid', 'place', 'mast', 'app', 'signer', 'score', 'devices', 'groups', 'clean', 'since_at', 'cause', 'why'];
const csvRow = (b: CrowdBad): (string | number | null)[] => [b.kind, b.name, b.network, b.bssid, b.place, b.mast, b.app, b.signer, b.score, b.devices, b.groups,
    b.clean, b.since_at, b.cause, b.why];

function Nothing({ filtered }: { filtered: boolean }): JSX.Element {
    return filtered ? (
        <Empty icon="search" title="Nothing bad matches these filters"><p><a href="#/crowd">Show all of it</a></p></Empty>
    ) : (
        <Empty icon="crowd" title="Nothing is bad right now">
            <p>When enough trusted devices speak against a network, a mast or an app, it stands here with the reasons, and all other devices are warned before
                they meet it.</p>
        </Empty>
    );
}

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
            <PageHead title="Crowd" note={list.data && `${plural(list.data.total, 'thing')} bad now`}>
                <ExportButton path="/crowd/bad" query={{ filter: text, sort }} name="crowd" head={CSV_HEAD} row={csvRow} />
            </PageHead>
            <CrowdTabs now="" />
            <ResourceView of={status} lines={1}>{(s) => <StatusLine of={s} />}</ResourceView>
            <div class="filters">
                <Search value={filter['q']?.[0] ?? ''} label="Search name or ID"
                    onChange={(q) => show(withValues(filter, 'q', q ? [q] : []), sort)} />
                <Chips label="Kind" on={filter['kind'] ?? []} options={CROWD_KINDS.map((id) => ({ id, name: CROWD_KIND_NAME[id] }))}
                    onToggle={(id) => show(toggled(filter, 'kind', id), sort)} />
                {['network', 'cause', 'place'].filter((field) => filter[field]).map((field) => (
                    <button key={field} type="button" class="chip" aria-pressed="true" onClick={() => show(withValues(filter, field, []), sort)}>
                        {`${field}: ${filter[field]?.[0] ?? ''}`} ×
                    </button>
                ))}
            </div>
            <ResourceView of={list} lines={8}>
                {(page) => page.items.length === 0 ? <Nothing filtered={text !== ''} /> : (
                    <div class="card flush">
                        <Table caption="Things that are bad now" columns={COLUMNS} rows={page.items} keyOf={(b) => b.id}
                            sort={sort} onSort={(by) => show(filter, by)} />
                        <More shown={page.items.length} total={page.total} more={page.next_cursor !== null}
                            loading={list.loading} onMore={list.more} />
                    </div>
                )}
            </ResourceView>
            {hidden > 0 && status.data && (
                <p class="note homes">{hidden === 1 ? 'One more is' : `${hidden.toLocaleString('en')} more are`} only counted: fewer than {plural(status.data.min_devices, 'device')} know
                    {hidden === 1 ? ' it' : ' each'}. Their incidents still stand under Incidents.</p>
            )}
        </>
    );
}
