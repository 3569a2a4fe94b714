// devicelist.tsx - devices as rows.
import type { Device } from '../api/types';
import { deviceHref, incidentsHref } from '../app/address';
import { t } from '../app/words';
import { RiskBadge, StatusBadge } from '../ui/badge';
import { AccessBadge, OutlookBadge } from '../ui/outlook';
import type { Column } from '../ui/table';
import { Ago } from '../ui/time';

const PLATFORM = { linux: 'Linux', android: 'Android', ios: 'iOS' } as const; // not for people: names

export const osText = (d: Device): string => `${d.os.name} ${d.os.version}`.trim() || t('unknown');

export const DEVICE_COLUMNS: Column<Device>[] = [
    {
        id: 'name', head: t('Device'), kind: 'main', sort: 'name',
        cell: (d) => (
            <>
                <a href={deviceHref(d.id)} data-main>{d.name}</a>
                <span class="sub">{[PLATFORM[d.platform] ?? d.platform, d.model].filter(Boolean).join(' · ')}</span>
            </>
        ),
    },
    { id: 'risk', head: t('Risk'), sort: 'risk', cell: (d) => <RiskBadge {...d.risk} /> },
    { id: 'outlook', head: t('Outlook'), sort: 'outlook', kind: 'wide', cell: (d) => <OutlookBadge of={d.outlook} /> },
    { id: 'status', head: t('Status'), cell: (d) => <StatusBadge of={d.status} /> },
    {
        id: 'open', head: t('Open incidents'), kind: 'number',
        cell: (d) => d.open_incidents > 0
            ? <a href={incidentsHref(`device:${d.id},state:open|mitigated`)}><strong>{d.open_incidents}</strong></a> : <span class="muted zero">0</span>,
    },
    {
        id: 'os', head: t('System'), kind: 'side',
        cell: (d) => <>{osText(d)}{d.os.patch && <span class="sub">{t('patch {level}', { level: d.os.patch })}</span>}</>,
    },
    { id: 'access', head: t('Work access'), kind: 'side', cell: (d) => <AccessBadge measures={d.measures} /> },
    { id: 'group', head: t('Group'), kind: 'wide', cell: (d) => d.group },
    { id: 'agent', head: t('Agent'), kind: 'wide', cell: (d) => d.agent ?? '–' },
    { id: 'seen', head: t('Last seen'), sort: 'last_seen_at', cell: (d) => <Ago at={d.last_seen_at} /> },
];
