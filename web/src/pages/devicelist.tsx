// devicelist.tsx - devices as rows.
import type { Device } from '../api/types';
import { deviceHref, incidentsHref } from '../app/address';
import { RiskBadge, StatusBadge } from '../ui/badge';
import { AccessBadge, OutlookBadge } from '../ui/outlook';
import type { Column } from '../ui/table';
import { Ago } from '../ui/time';

const PLATFORM = { linux: 'Linux', android: 'Android', ios: 'iOS' } as const;

export const osText = (d: Device): string => `${d.os.name} ${d.os.version}`.trim() || 'unknown';

export const DEVICE_COLUMNS: Column<Device>[] = [
    {
        id: 'name', head: 'Device', kind: 'main', sort: 'name',
        cell: (d) => (
            <>
                <a href={deviceHref(d.id)} data-main>{d.name}</a>
                <span class="sub">{[PLATFORM[d.platform] ?? d.platform, d.model].filter(Boolean).join(' · ')}</span>
            </>
        ),
    },
    { id: 'risk', head: 'Risk', sort: 'risk', cell: (d) => <RiskBadge {...d.risk} /> },
    { id: 'outlook', head: 'Outlook', sort: 'outlook', kind: 'wide', cell: (d) => <OutlookBadge of={d.outlook} /> },
    { id: 'status', head: 'Status', cell: (d) => <StatusBadge of={d.status} /> },
    {
        id: 'open', head: 'Open incidents', kind: 'number',
        cell: (d) => d.open_incidents > 0
            ? <a href={incidentsHref(`device:${d.id},state:open|mitigated`)}><strong>{d.open_incidents}</strong></a> : <span class="muted zero">0</span>,
    },
    {
        id: 'os', head: 'System', kind: 'side',
        cell: (d) => <>{osText(d)}{d.os.patch && <span class="sub">patch {d.os.patch}</span>}</>,
    },
    { id: 'access', head: 'Work access', kind: 'side', cell: (d) => <AccessBadge measures={d.measures} /> },
    { id: 'group', head: 'Group', kind: 'wide', cell: (d) => d.group },
    { id: 'agent', head: 'Agent', kind: 'wide', cell: (d) => d.agent ?? '–' },
    { id: 'seen', head: 'Last seen', sort: 'last_seen_at', cell: (d) => <Ago at={d.last_seen_at} /> },
];
