// networklist.tsx - networks as rows.
import type { NetworkSummary } from '../api/nettypes';
import { networkHref } from '../app/address';
import { number, t } from '../app/words';
import { LINK_NAME, NetworkBadge, networkName, SECURITY_NAME } from '../ui/networds';
import type { Column } from '../ui/table';
import { Ago } from '../ui/time';
import { threatName } from '../ui/words';

export const NETWORK_COLUMNS: Column<NetworkSummary>[] = [
    {
        id: 'name', head: t('Network'), kind: 'main',
        cell: (n) => (
            <>
                <a href={networkHref(n.id)} data-main>{networkName(n)}</a>
                <span class="sub">{[LINK_NAME[n.link], n.link === 'wifi' ? SECURITY_NAME[n.security] : '', n.listed ? t('your own') : ''].filter(Boolean).join(' · ')}</span>
            </>
        ),
    },
    {
        id: 'verdict', head: t('Verdict'), sort: 'verdict',
        cell: (n) => <><NetworkBadge of={n} />{n.threat && <span class="sub">{threatName(n.threat)}</span>}</>,
    },
    {
        id: 'bad', head: t('Last attack'), sort: 'last_bad_at', kind: 'side',
        cell: (n) => n.last_bad_at ? <><Ago at={n.last_bad_at} /><span class="sub">{threatName(n.last_bad_threat ?? '')}</span></> : <span class="muted">{t('never seen')}</span>,
    },
    { id: 'devices', head: t('Devices'), kind: 'number', sort: 'devices', cell: (n) => number(n.devices) },
    { id: 'points', head: t('Access points'), kind: 'wide', cell: (n) => n.points > 0 ? number(n.points) : '–' },
    { id: 'place', head: t('Place'), kind: 'wide', cell: (n) => n.place ? <span class="mono">{n.place}</span> : '–' },
    { id: 'first', head: t('First seen'), kind: 'wide', sort: 'first_seen_at', cell: (n) => <Ago at={n.first_seen_at} /> },
    { id: 'seen', head: t('Last seen'), sort: 'last_seen_at', cell: (n) => <Ago at={n.last_seen_at} /> },
];
