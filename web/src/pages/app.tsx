// app.tsx - one app: verdict with reasons, who has it since when, versions, exceptions.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { get, seg } from '../api/client';
import type { AppFull } from '../api/apptypes';
import { useResource } from '../app/resource';
import { may } from '../app/session';
import { rich, t, tn } from '../app/words';
import { appName, STATE_TEXT, VERDICT_ADVICE, VERDICT_NAME, VerdictBadge } from '../ui/appwords';
import { Card, PageHead, ResourceView } from '../ui/basics';
import { Ago } from '../ui/time';
import { threatName } from '../ui/words';
import { ExceptDialog, ExceptionRows } from './appexcept';
import { DevicesCard, IdentityCard, VersionsCard } from './appparts';
import { ProofCard } from './appproof';
import { CrowdPanel } from './crowdparts';
import { ReportCards } from './appreport';
import { IncidentRows } from './incidentlist';

const EDGE = { malicious: 'critical', suspicious: 'high', malformed: 'medium', unwanted: 'medium', clean: 'info', unknown: 'info' } as const;

function Body({ app: a, onChange }: { app: AppFull; onChange: () => void }): JSX.Element {
    const newest = a.files[0];
    return (
        <>
            <p class={`lead edge-${EDGE[a.verdict] ?? 'info'}`}>{VERDICT_ADVICE[a.verdict]}</p>
            <div class="columns">
                <div class="column-main">
                    {a.report ? <ReportCards report={a.report} /> : (
                        <Card title={t('Why')}><p class="note">{newest ? newest.error ?? STATE_TEXT[newest.state] : t('No file of it has been here.')}</p></Card>
                    )}
                    {a.proof && <ProofCard proof={a.proof} first={a.first_seen_at} last={a.last_seen_at} />}
                    <DevicesCard on={a.on} devices={a.devices} />
                    {a.incidents.length > 0 && (
                        <Card title={t('Incidents')} class="flush"><IncidentRows rows={a.incidents} caption={t('Incidents with {name}', { name: appName(a) })} /></Card>
                    )}
                </div>
                <div class="column-side">
                    {newest && <CrowdPanel query={{ app: newest.id }} />}
                    <IdentityCard file={newest} report={a.report} />
                    <VersionsCard files={a.files} />
                    <Card title={t('Exceptions')}>
                        {a.exceptions.length === 0 ? <p class="note">{t('None: its findings count everywhere.')}</p>
                            : <ExceptionRows rows={a.exceptions} onChange={onChange} />}
                    </Card>
                </div>
            </div>
        </>
    );
}

export function AppPage({ id }: { id: string }): JSX.Element {
    const [asking, setAsking] = useState(false);
    const one = useResource<AppFull>(`app ${id}`, (signal) => get<AppFull>(`/apps/${seg(id)}`, { signal }),
        (e) => e.type.startsWith('app.') || (e.incident?.vector === 'malware'));
    const a = one.data;
    return (
        <>
            <PageHead title={a ? appName(a) : t('App')} above={<a href="#/apps">{t('Apps')}</a>}
                note={a && (
                    <span class="head-facts">
                        <VerdictBadge of={a.verdict} />
                        {a.threat && threatName(a.threat) !== VERDICT_NAME[a.verdict] && <span>{threatName(a.threat)}</span>}
                        {a.label && <span class="mono">{a.package}</span>}
                        <span>{tn('{n} device', '{n} devices', a.devices)}</span>
                        <span>{rich('first seen {when}', { when: <Ago at={a.first_seen_at} /> })}</span>
                    </span>
                )}>
                {a && may('respond') && (
                    <button type="button" class="button" onClick={() => setAsking(true)}>{t('Make an exception …')}</button>
                )}
            </PageHead>
            <ResourceView of={one} lines={10}>{(app) => <Body app={app} onChange={one.reload} />}</ResourceView>
            {a && asking && <ExceptDialog app={a} onClose={() => setAsking(false)} onDone={one.reload} />}
        </>
    );
}
