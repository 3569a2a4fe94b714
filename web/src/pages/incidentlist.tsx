// incidentlist.tsx - incidents as rows; the same columns wherever they are listed.
import type { JSX } from 'preact';
import type { IncidentSummary } from '../api/types';
import { deviceHref, incidentHref } from '../app/address';
import { SeverityBadge, StateBadge } from '../ui/badge';
import { said, subjectName } from '../ui/names';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { Ago, duration } from '../ui/time';
import { threatName } from '../ui/words';

export const INCIDENT_COLUMNS: Record<string, Column<IncidentSummary>> = {
    severity: { id: 'severity', head: 'Severity', sort: 'severity', cell: (i) => <SeverityBadge of={i.severity} /> },
    title: {
        id: 'title', head: 'What was seen', kind: 'main',
        cell: (i) => (
            <>
                <a href={incidentHref(i.id)} data-main>{i.simulated && 'Test: '}{said(i.title, i.subject)}</a>
                <span class="sub">{threatName(i.threat)}{i.subject && ` · ${subjectName(i.subject)}`}</span>
            </>
        ),
    },
    device: { id: 'device', head: 'Device', cell: (i) => <a href={deviceHref(i.device.id)}>{i.device.name}</a> },
    state: { id: 'state', head: 'State', cell: (i) => <StateBadge of={i.state} /> },
    count: { id: 'count', head: 'Seen', kind: 'number', cell: (i) => `${i.count.toLocaleString('en')}×` },
    opened: { id: 'opened', head: 'Opened', sort: 'opened_at', kind: 'side', cell: (i) => <Ago at={i.opened_at} /> },
    lasted: { id: 'lasted', head: 'Lasted', kind: 'wide', cell: (i) => duration(i.opened_at, i.ended_at) },
    updated: { id: 'updated', head: 'Last news', sort: 'updated_at', cell: (i) => <Ago at={i.updated_at} /> },
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
