// device.tsx - one device: risk and why, posture, network, incidents, alerts, identity; revoke.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { get, post, seg } from '../api/client';
import type { DeviceFull } from '../api/types';
import { asApiError, useResource } from '../app/resource';
import { may } from '../app/session';
import { rich, t } from '../app/words';
import { StatusBadge } from '../ui/badge';
import { Card, PageHead, ResourceView } from '../ui/basics';
import { ReasonDialog } from '../ui/dialog';
import { toast } from '../ui/toast';
import { Ago, Exact } from '../ui/time';
import { AppsCard } from './deviceapps';
import { ToldCard } from './devicealerts';
import { AccessCard, ForesightCard } from './foresight';
import { CertificateCard, NetworkCard, PostureCard, VoiceCard } from './deviceparts';
import { IncidentRows } from './incidentlist';
import { PageLinkButton } from './pagelink';
import { RiskCard } from './riskcard';

function Revoke({ device, onChange }: { device: DeviceFull; onChange: () => void }): JSX.Element | null {
    const [asking, setAsking] = useState(false);
    if (!may('own') || device.status === 'revoked') {
        return null;
    }
    const act = async (reason: string): Promise<void> => {
        await post<DeviceFull>(`/devices/${seg(device.id)}/revoke`, { reason });
        toast(t('{name} is revoked', { name: device.name }));
        onChange();
    };
    return (
        <>
            <button type="button" class="button danger-quiet" onClick={() => setAsking(true)}>{t('Revoke …')}</button>
            {asking && (
                <ReasonDialog danger title={t('Revoke {name}?', { name: device.name })} confirm={t('Revoke the certificate')}
                    text={t('From now on the server refuses this device: no reports, no alerts, no protection. To come back it must enrol again.')}
                    placeholder={t('Lost, stolen, replaced …')} suggestions={[t('Lost'), t('Stolen'), t('Replaced'), t('Employee left')]}
                    onClose={() => setAsking(false)} act={act} />
            )}
        </>
    );
}

// A simulated threat around the whole circle; it counts nowhere and ends by itself.
function Simulate({ device }: { device: DeviceFull }): JSX.Element | null {
    const [busy, setBusy] = useState(false);
    if (!may('respond') || device.status === 'revoked') {
        return null;
    }
    const act = (): void => {
        setBusy(true);
        post<unknown>(`/devices/${seg(device.id)}/simulate`, { minutes: 5 }).then(
            () => toast(t('{name} simulates a threat for 5 minutes. Its person is told that it is a test.', { name: device.name })),
            (e: unknown) => toast(asApiError(e).message, 'critical')).finally(() => setBusy(false));
    };
    return <button type="button" class="button" disabled={busy} onClick={act}>{t('Simulate a threat')}</button>;
}

function Body({ device: d }: { device: DeviceFull }): JSX.Element {
    return (
        <>
            {d.revoked && (
                <p class="callout bad">{rich('{revoked} by {who}, {at}: {reason}', {
                    revoked: <strong>{t('Revoked')}</strong>, who: d.revoked.by, at: <Exact at={d.revoked.at} />, reason: d.revoked.reason,
                })}</p>
            )}
            <div class="columns">
                <div class="column-main">
                    <RiskCard risk={d.risk} />
                    <ForesightCard of={d.foresight} />
                    <Card title={t('Incidents')} class={d.incidents.length > 0 ? 'flush' : ''}>
                        {d.incidents.length > 0
                            ? <IncidentRows rows={d.incidents} caption={t('Incidents on {name}', { name: d.name })} withoutDevice />
                            : <p class="note">{t('Nothing has happened to this device so far.')}</p>}
                    </Card>
                    <AppsCard id={d.id} name={d.name} />
                    <ToldCard id={d.id} name={d.name} />
                </div>
                <div class="column-side">
                    <AccessCard device={d} />
                    <PostureCard device={d} />
                    <NetworkCard network={d.network} />
                    <VoiceCard id={d.id} />
                    <CertificateCard device={d} />
                </div>
            </div>
        </>
    );
}

export function DevicePage({ id }: { id: string }): JSX.Element {
    const one = useResource<DeviceFull>(`device ${id}`, (signal) => get<DeviceFull>(`/devices/${seg(id)}`, { signal }),
        (e) => e.type !== 'audit' && (e.device?.id === id || e.incident?.device.id === id));
    const d = one.data;
    return (
        <>
            <PageHead title={d?.name ?? t('Device')} above={<a href="#/devices">{t('Devices')}</a>}
                note={d && (
                    <span class="head-facts">
                        <StatusBadge of={d.status} />
                        {d.model && <span>{d.model}</span>}
                        <span>{rich('last seen {when}', { when: <Ago at={d.last_seen_at} /> })}</span>
                    </span>
                )}>
                {d && <><PageLinkButton device={d} /> <Simulate device={d} /> <Revoke device={d} onChange={one.reload} /></>}
            </PageHead>
            <ResourceView of={one} lines={10}>{(device) => <Body device={device} />}</ResourceView>
        </>
    );
}
