// deviceparts.tsx - what a device said of itself: posture, network, certificate.
import type { ComponentChildren, JSX } from 'preact';
import { get } from '../api/client';
import type { CrowdVoice } from '../api/crowdtypes';
import type { DeviceFull, Json, Posture } from '../api/types';
import { networkHref } from '../app/address';
import { useResource } from '../app/resource';
import { rich, t } from '../app/words';
import { Badge } from '../ui/badge';
import { Card, Facts, ResourceView } from '../ui/basics';
import { Ago, dateOnly, Exact } from '../ui/time';
import { label, sentence } from '../ui/words';
import { osText } from './devicelist';

// good: the answer that is safe. Unknown is said, never guessed.
function Check({ value, good, yes, no }: { value: boolean | null | undefined; good: boolean; yes: string; no: string }): JSX.Element {
    if (value === null || value === undefined) {
        return <Badge tone="info">{t('Unknown')}</Badge>;
    }
    return <Badge tone={value === good ? 'ok' : 'high'}>{value ? yes : no}</Badge>;
}

const KNOWN = new Set(['disk_encrypted', 'screen_lock', 'developer_mode', 'root_signs', 'at']);

function extra(posture: Posture): [string, ComponentChildren][] {
    const show = (value: Json): string => value === null ? t('unknown') : value === true ? t('yes') : value === false ? t('no')
        : Array.isArray(value) ? (value.length > 0 ? value.join(', ') : t('none')) : String(value);
    return Object.entries(posture).filter(([k, v]) => !KNOWN.has(k) && (typeof v !== 'object' || Array.isArray(v)))
        .map(([k, v]) => [label(k), show(v)]);
}

export function PostureCard({ device: d }: { device: DeviceFull }): JSX.Element {
    const p = d.posture;
    const roots = p?.root_signs;
    return (
        <Card title={t('Posture')} note={p && rich('told {when}', { when: <Ago at={p.at} /> })}>
            <Facts rows={[
                [t('System'), osText(d)],
                [t('Security patch'), d.os.patch],
                [t('Kernel'), d.os.kernel && <span class="mono breakable">{d.os.kernel}</span>],
                ...(p ? [
                    [t('Storage'), <Check value={p.disk_encrypted} good yes={t('Encrypted')} no={t('Not encrypted')} />],
                    [t('Screen lock'), <Check value={p.screen_lock} good yes={t('Set')} no={t('Not set')} />],
                    [t('Developer mode'), <Check value={p.developer_mode} good={false} yes={t('On')} no={t('Off')} />],
                    [t('Signs of root'), roots == null ? <Badge tone="info">{t('Unknown')}</Badge> : roots.length === 0
                        ? <Badge tone="ok">{t('None')}</Badge> : <span class="breakable">{roots.join(', ')}</span>],
                    ...extra(p),
                ] as [string, ComponentChildren][] : []),
            ]} />
            {!p && <p class="note">{t('The device has not told its posture yet.')}</p>}
        </Card>
    );
}

const KIND = { wifi: t('Wi-Fi'), wired: t('Wired'), cellular: t('Cellular'), vpn: 'VPN' } as const;

// What the standards have no name for.
const SECURITY: Record<string, string> = { open: t('open'), none: t('none'), unknown: t('unknown') };

export function NetworkCard({ network: n }: { network: DeviceFull['network'] }): JSX.Element {
    return (
        <Card title={t('Network')} note={n && rich('joined {when}', { when: <Ago at={n.joined_at} /> })}>
            {n ? (
                <Facts rows={[
                    [t('Kind'), KIND[n.kind] ?? n.kind],
                    [t('Security'), n.security && (SECURITY[n.security] ?? n.security)],
                    [t('Gateway'), n.gateway && <span class="mono">{n.gateway}</span>],
                    [t('Gateway MAC'), n.gateway_mac && <span class="mono">{n.gateway_mac}</span>],
                    ['DNS', n.dns.length > 0 ? <span class="mono">{n.dns.join(', ')}</span> : null],
                    [t('Sign-in page'), <Check value={n.portal === 'unknown' ? null : n.portal === 'captive'} good={false}
                        yes={t('Captive portal')} no={t('None')} />],
                    [t('Network'), <a class="mono breakable" href={networkHref(n.id)}>{n.id}</a>],
                ]} />
            ) : <p class="note">{t('Not on a network that it told about.')}</p>}
        </Card>
    );
}

export function CertificateCard({ device: d }: { device: DeviceFull }): JSX.Element {
    return (
        <Card title={t('Identity')}>
            <Facts rows={[
                [t('Device ID'), <span class="mono breakable">{d.id}</span>],
                [t('Group'), d.group],
                [t('Owner'), d.ownership === 'company' ? t('The organisation') : d.ownership === 'personal' ? t('The person') : null],
                [t('Agent'), d.agent],
                [t('Enrolled'), <Exact at={d.enrolled_at} />],
                [t('Certificate'), d.certificate && <span class="mono breakable">{d.certificate.serial}</span>],
                [t('Valid until'), d.certificate && dateOnly(d.certificate.not_after)],
            ]} />
        </Card>
    );
}

const FACTOR: Record<string, string> = {
    attestation: t('Attestation'), age: t('Age'), record: t('Record'), footprint: t('Footprint'), life: t('Life'), budget: t('Budget'),
};

// What its word weighs for all others, and why.
export function VoiceCard({ id }: { id: string }): JSX.Element {
    const one = useResource<CrowdVoice>(`voice ${id}`, (signal) => get<CrowdVoice>('/crowd/voice', { query: { device: id }, signal }));
    return (
        <Card title={t('Voice in the crowd')} note={one.data?.known && `${Math.round(one.data.weight * 100)} %`}>
            <ResourceView of={one} lines={3}>
                {(v) => (
                    <>
                        <p class="note">{sentence(v.summary)}.</p>
                        {v.factors.length > 0 && (
                            <Facts rows={v.factors.map((f) => [FACTOR[f.name] ?? sentence(f.name), <>{Math.round(f.value * 100)} %<span class="sub">{f.text}</span></>])} />
                        )}
                    </>
                )}
            </ResourceView>
        </Card>
    );
}
