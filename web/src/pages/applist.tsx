// applist.tsx - apps as rows.
import type { AppSummary } from '../api/apptypes';
import { appHref } from '../app/address';
import { number, t } from '../app/words';
import { appName, scoreText, VERDICT_NAME, VerdictBadge } from '../ui/appwords';
import type { Column } from '../ui/table';
import { Ago } from '../ui/time';
import { threatName } from '../ui/words';

export const APP_COLUMNS: Column<AppSummary>[] = [
    {
        id: 'name', head: t('App'), kind: 'main', sort: 'name',
        cell: (a) => (
            <>
                <a href={appHref(a.id)} data-main>{appName(a)}</a>
                <span class="sub">{[a.label ? a.package : null, a.version].filter(Boolean).join(' · ')}</span>
            </>
        ),
    },
    {
        id: 'verdict', head: t('Verdict'), sort: 'verdict',
        cell: (a) => <><VerdictBadge of={a.verdict} />{a.threat && threatName(a.threat) !== VERDICT_NAME[a.verdict] && <span class="sub">{threatName(a.threat)}</span>}</>,
    },
    { id: 'score', head: t('Score'), kind: 'number', cell: (a) => scoreText(a.score) },
    { id: 'devices', head: t('Devices'), kind: 'number', sort: 'devices', cell: (a) => number(a.devices) },
    { id: 'versions', head: t('Versions'), kind: 'side', cell: (a) => number(a.versions) },
    {
        id: 'signer', head: t('Signed by'), kind: 'wide',
        cell: (a) => a.signer ? <span class="mono" title={a.signer}>{a.signer.slice(0, 12)}…</span> : '–',
    },
    { id: 'first', head: t('First seen'), kind: 'side', sort: 'first_seen_at', cell: (a) => <Ago at={a.first_seen_at} /> },
    { id: 'seen', head: t('Last seen'), kind: 'side', sort: 'last_seen_at', cell: (a) => <Ago at={a.last_seen_at} /> },
];
