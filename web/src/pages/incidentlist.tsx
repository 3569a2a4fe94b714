// incidentlist.tsx - incidents as rows; the same columns wherever they are listed.
import type { JSX } from 'preact';
import type { IncidentSummary } from '../api/types';
import { deviceHref, incidentHref } from '../app/address';
import { number, t } from '../app/words';
import { SeverityBadge, StateBadge } from '../ui/badge';
import { subjectName, titleOf } from '../ui/names';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { Ago, duration } from '../ui/time';
import { threatName } from '../ui/words';

export const headOf = (i: IncidentSummary): string => i.simulated ? t('Test: {title}', { title: titleOf(i) }) : titleOf(i);

export const INCIDENT_COLUMNS: Record<string, Column<IncidentSummary>> = {
    severity: { id: 'severity', head: t('Severity'), sort: 'severity', cell: (i) => <SeverityBadge of={i.severity} /> },
    title: {
        id: 'title', head: t('What was seen'), kind: 'main',
        cell: (i) => (
            <>
                <a href={incidentHref(i.id)} data-main>{headOf(i)}</a>
                <span class="sub">{threatName(i.threat)}{i.subject && ` · ${subjectName(i.subject)}`}</span>
            </>
        ),
    },
    device: { id: 'device', head: t('Device'), cell: (i) => <a href={deviceHref(i.device.id)}>{i.device.name}</a> },
    state: { id: 'state', head: t('State'), cell: (i) => <StateBadge of={i.state} /> },
    count: { id: 'count', head: t('Seen'), kind: 'number', cell: (i) => `${number(i.count)}×` },
    opened: { id: 'opened', head: t('Opened'), sort: 'opened_at', kind: 'side', cell: (i) => <Ago at={i.opened_at} /> },
    lasted: { id: 'lasted', head: t('Lasted'), kind: 'wide', cell: (i) => duration(i.opened_at, i.ended_at) },
    updated: { id: 'updated', head: t('Last news'), sort: 'updated_at', cell: (i) => <Ago at={i.updated_at} /> },
};

const pick = (...ids: string[]): Column<IncidentSummary>[] =>
    ids.map((id) => INCIDENT_COLUMNS[id]).filter((c) => c !== undefined);

export function IncidentRows({ rows, caption, withoutDevice }: {
    rows: IncidentSummary[]; caption: string; withoutDevice?: boolean;
}): JSX.Element {
    const columns = pick('severity', 'title', ...(withoutDevice ? [] : ['device']), 'state', 'updated');
    return <Table caption={caption} rows={rows} keyOf={(i) => i.id}
        columns={columns.map(({ sort: _sort, ...column }) => column)} />;
}
