// devices.tsx - the list of devices, with the questions asked most as one click each.
import type { JSX } from 'preact';
import type { Filter } from '../api/filter';
import { formatFilter, parseFilter, sameFilter, toggled, withValues } from '../api/filter';
import type { Device } from '../api/types';
import { devicesHref, href } from '../app/address';
import { replace } from '../app/router';
import { may } from '../app/session';
import { t, tn } from '../app/words';
import { Empty, PageHead, ResourceView } from '../ui/basics';
import { ExportButton } from '../ui/export';
import { Chips, Search, Segments, Select } from '../ui/filterbar';
import { Icon } from '../ui/icon';
import { useList } from '../ui/list';
import { More, Table } from '../ui/table';
import { LEVELS, sentence } from '../ui/words';
import { DEVICE_COLUMNS } from './devicelist';

// One question each; a question sets these fields and clears the others of them.
const FIELDS = ['status', 'outlook', 'access'];
const QUICK: { id: string; name: string; filter: Filter }[] = [
    { id: 'all', name: t('All'), filter: {} },
    { id: 'active', name: t('Active'), filter: { status: ['active'] } },
    { id: 'silent', name: t('Silent > 7 days'), filter: { status: ['silent'] } },
    { id: 'never', name: t('Never active'), filter: { status: ['never'] } },
    { id: 'outlook', name: t('High outlook'), filter: { outlook: ['high'] } },
    { id: 'blocked', name: t('Blocked'), filter: { access: ['blocked'] } },
    { id: 'revoked', name: t('Revoked'), filter: { status: ['revoked'] } },
];

const CSV_HEAD = ['id', 'name', 'platform', 'model', 'os', 'os_version', 'patch', 'agent', 'group', 'status', 'risk',
    'level', 'outlook', 'p7', 'kept_from_it', 'open_incidents', 'enrolled_at', 'last_seen_at'];

const csvRow = (d: Device): (string | number | null)[] => [
    d.id, d.name, d.platform, d.model, d.os.name, d.os.version, d.os.patch, d.agent, d.group, d.status, d.risk.score,
    d.risk.level, d.outlook, d.p7, d.measures.join(' '), d.open_incidents, d.enrolled_at, d.last_seen_at,
];

function DeviceFilters({ filter, onChange }: { filter: Filter; onChange: (next: Filter) => void }): JSX.Element {
    const set = (field: string, values: string[]): void => onChange(withValues(filter, field, values));
    const ask = (id: string): void => {
        const wanted = QUICK.find((c) => c.id === id)?.filter ?? {};
        onChange(FIELDS.reduce((next, field) => withValues(next, field, wanted[field] ?? []), filter));
    };
    return (
        <div class="filters">
            <Search value={filter['q']?.[0] ?? ''} label={t('Search devices')}
                onChange={(text) => set('q', text ? [text] : [])} />
            <Segments label={t('Which devices')} options={QUICK}
                value={QUICK.find((c) => sameFilter(filter, c.filter, FIELDS))?.id ?? ''} onChange={ask} />
            <Chips label={t('Risk level')} on={filter['level'] ?? []}
                options={LEVELS.map((l) => ({ id: l, name: sentence(l) }))}
                onToggle={(id) => onChange(toggled(filter, 'level', id))} />
            <Select label={t('Platform')} value={filter['platform']?.[0] ?? ''}
                options={[{ id: '', name: t('Every platform') },
                    { id: 'android', name: 'Android' }, { id: 'ios', name: 'iOS' }, { id: 'linux', name: 'Linux' }]} // not for people: names
                onChange={(id) => set('platform', id ? [id] : [])} />
            {filter['group'] && (
                <button type="button" class="chip" aria-pressed="true" onClick={() => set('group', [])}>
                    {t('Group {name}', { name: filter['group'].join(', ') })} ×
                </button>
            )}
        </div>
    );
}

function NoDevices({ filtered }: { filtered: boolean }): JSX.Element {
    return filtered ? (
        <Empty icon="search" title={t('No device matches these filters')}>
            <p><a href={devicesHref('')}>{t('Show all devices')}</a></p>
        </Empty>
    ) : (
        <Empty icon="device" title={t('No devices yet')}>
            <p>{t('A device joins with a one-time token: as a QR code for a phone, as one command for a computer.')}</p>
            {may('own') && <p><a class="button primary" href="#/enrolment">{t('Enrol the first device')}</a></p>}
        </Empty>
    );
}

export function DevicesPage({ query }: { query: Record<string, string> }): JSX.Element {
    const text = query['filter'] ?? '';
    const sort = query['sort'] ?? '-risk';
    const filter = parseFilter(text);
    const list = useList<Device>('/devices', { filter: text, sort },
        (e) => e.type.startsWith('device.') || e.incident !== null);
    const show = (next: Filter, by: string): void =>
        replace(href(['devices'], { filter: formatFilter(next), sort: by === '-risk' ? '' : by }));
    return (
        <>
            <PageHead title={t('Devices')} note={list.data && tn('{n} device', '{n} devices', list.data.total)}>
                <ExportButton path="/devices" query={{ filter: text, sort }} name="devices" head={CSV_HEAD} row={csvRow} />
                {may('own') && <a class="button primary" href="#/enrolment"><Icon name="plus" />{t('Enrol')}</a>}
            </PageHead>
            <DeviceFilters filter={filter} onChange={(next) => show(next, sort)} />
            <ResourceView of={list} lines={8}>
                {(page) => page.items.length === 0 ? <NoDevices filtered={text !== ''} /> : (
                    <div class="card flush">
                        <Table caption={t('Devices')} columns={DEVICE_COLUMNS} rows={page.items} keyOf={(d) => d.id}
                            sort={sort} onSort={(by) => show(filter, by)} />
                        <More shown={page.items.length} total={page.total} more={page.next_cursor !== null}
                            loading={list.loading} onMore={list.more} />
                    </div>
                )}
            </ResourceView>
        </>
    );
}
