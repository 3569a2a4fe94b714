// incidents.tsx - the list of incidents: filter, select, dismiss, take along as CSV.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Filter } from '../api/filter';
import { formatFilter, parseFilter } from '../api/filter';
import type { IncidentSummary } from '../api/types';
import { href, incidentsHref } from '../app/address';
import { replace } from '../app/router';
import { may } from '../app/session';
import { rich, t, tn } from '../app/words';
import { Empty, PageHead, ResourceView } from '../ui/basics';
import { ReasonDialog } from '../ui/dialog';
import { ExportButton } from '../ui/export';
import { useList } from '../ui/list';
import { titleOf } from '../ui/names';
import type { Column } from '../ui/table';
import { More, Table } from '../ui/table';
import { toast } from '../ui/toast';
import { DISMISS_REASONS, dismissAll } from './dismissing';
import { IncidentFilters } from './incidentfilters';
import { INCIDENT_COLUMNS } from './incidentlist';

const CSV_HEAD = ['id', 'device', 'device_id', 'threat', 'vector', 'severity', 'state', 'title', 'subject',
    'confidence', 'count', 'opened_at', 'updated_at', 'ended_at'];

const csvRow = (i: IncidentSummary): (string | number | null)[] => [
    i.id, i.device.name, i.device.id, i.threat, i.vector, i.severity, i.state, i.title, i.subject,
    i.confidence, i.count, i.opened_at, i.updated_at, i.ended_at,
];

function NoIncidents({ filter }: { filter: Filter }): JSX.Element {
    const only = Object.keys(filter).filter((k) => k !== 'state');
    if (only.length > 0) {
        return (
            <Empty icon="search" title={t('Nothing matches these filters')}>
                <p><a href={incidentsHref('')}>{t('Show all incidents')}</a></p>
            </Empty>
        );
    }
    return (
        <Empty icon="shield" title={filter['state'] ? t('No incidents here') : t('No incidents so far')}>
            <p>{t('When a device senses an attack or a weakness, it appears here within seconds, without a reload.')}</p>
            <p>{rich('{watching} or {enrol}.', {
                watching: <a href="#/devices">{t('See which devices are watching')}</a>,
                enrol: <a href="#/enrolment">{t('enrol one more')}</a>,
            })}</p>
        </Empty>
    );
}

export function IncidentsPage({ query }: { query: Record<string, string> }): JSX.Element {
    const text = query['filter'] ?? '';
    const sort = query['sort'] ?? '-updated_at';
    const filter = parseFilter(text);
    const list = useList<IncidentSummary>('/incidents', { filter: text, sort }, (e) => e.incident !== null);
    const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
    const [asking, setAsking] = useState(false);

    const show = (next: Filter, by: string): void => {
        setPicked(new Set());
        replace(href(['incidents'], { filter: formatFilter(next), sort: by === '-updated_at' ? '' : by }));
    };
    const rows = list.data?.items ?? [];
    const can = (i: IncidentSummary): boolean => i.state !== 'dismissed';
    const chosen = rows.filter((i) => picked.has(i.id) && can(i));
    const pick = (ids: string[], on: boolean): void => {
        const next = new Set(picked);
        ids.forEach((id) => on ? next.add(id) : next.delete(id));
        setPicked(next);
    };
    const dismiss = async (reason: string): Promise<void> => {
        const { done, failed } = await dismissAll(chosen.map((i) => i.id), reason);
        setPicked(new Set());
        list.reload();
        if (failed.length > 0) {
            toast(tn('{n} incident dismissed. Not all: {why}', '{n} incidents dismissed. Not all: {why}', done, { why: failed.join('; ') }), 'critical');
        } else {
            toast(tn('{n} incident dismissed', '{n} incidents dismissed', done));
        }
    };
    const box: Column<IncidentSummary> = {
        id: 'pick', head: t('Select'), cell: (i) => (
            <input type="checkbox" aria-label={t('Select {title} on {device}', { title: titleOf(i), device: i.device.name })} disabled={!can(i)}
                checked={picked.has(i.id)} onChange={(e) => pick([i.id], e.currentTarget.checked)} />
        ),
    };
    const columns = [...(may('respond') ? [box] : []), ...Object.values(INCIDENT_COLUMNS)];
    return (
        <>
            <PageHead title={t('Incidents')} note={list.data && tn('{n} incident', '{n} incidents', list.data.total)}>
                <ExportButton path="/incidents" query={{ filter: text, sort }} name="incidents" head={CSV_HEAD} row={csvRow} />
            </PageHead>
            <IncidentFilters filter={filter} onChange={(next) => show(next, sort)} />
            {chosen.length > 0 && (
                <div class="bulk" role="region" aria-label={t('Selected incidents')}>
                    <strong>{tn('{n} incident selected', '{n} incidents selected', chosen.length)}</strong>
                    <button type="button" class="button small primary" onClick={() => setAsking(true)}>{t('Dismiss …')}</button>
                    <button type="button" class="button small" onClick={() => setPicked(new Set())}>{t('Clear')}</button>
                    <button type="button" class="button small" onClick={() => pick(rows.filter(can).map((i) => i.id), true)}>
                        {t('Select all shown')}
                    </button>
                </div>
            )}
            <ResourceView of={list} lines={8}>
                {(page) => page.items.length === 0 ? <NoIncidents filter={filter} /> : (
                    <div class="card flush">
                        <Table caption={t('Incidents')} columns={columns} rows={page.items} keyOf={(i) => i.id}
                            sort={sort} onSort={(by) => show(filter, by)}
                            rowClass={(i) => `state-${i.state}`} />
                        <More shown={page.items.length} total={page.total} more={page.next_cursor !== null}
                            loading={list.loading} onMore={list.more} />
                    </div>
                )}
            </ResourceView>
            {asking && (
                <ReasonDialog title={tn('Dismiss {n} incident', 'Dismiss {n} incidents', chosen.length)} confirm={t('Dismiss')}
                    text={t('The same finding will not open them again. The reason is kept with each of them.')}
                    placeholder={t('Why is this no problem?')} suggestions={DISMISS_REASONS}
                    onClose={() => setAsking(false)} act={dismiss} />
            )}
        </>
    );
}
