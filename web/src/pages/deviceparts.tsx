// deviceparts.tsx - what a device said of itself: posture, network, certificate.
import type { ComponentChildren, JSX } from 'preact';
import { get } from '../api/client';
import type { CrowdVoice } from '../api/crowdtypes';
import type { DeviceFull, Json, Posture } from '../api/types';
import { networkHref } from '../app/address';
import { useResource } from '../app/resource';
import { Badge } from '../ui/badge';
import { Card, Facts, ResourceView } from '../ui/basics';
import { Ago, dateOnly, Exact } from '../ui/time';
import { label, sentence } from '../ui/words';
import { osText } from './devicelist';

// good: the answer that is safe. Unknown is said, never guessed.
function Check({ value, good, yes, no }: { value: boolean | null | undefined; good: boolean; yes: string; no: string }): JSX.Element {
    if (value === null || value === undefined) {
        return <Badge tone="info">Unknown</Badge>;
    }
    return <Badge tone={value === good ? 'ok' : 'high'}>{value ? yes : no}</Badge>;
}

const KNOWN = new Set(['disk_encrypted', 'screen_lock', 'developer_mode', 'root_signs', 'at']);

function extra(posture: Posture): [string, ComponentChildren][] {
    const show = (value: Json): string => value === null ? 'unknown' : value === true ? 'yes' : value === false ? 'no'
        : Array.isArray(value) ? (value.length > 0 ? value.join(', ') : 'none') : String(value);
    return Object.entries(posture).filter(([k, v]) => !KNOWN.has(k) && (typeof v !== 'object' || Array.isArray(v)))
        .map(([k, v]) => [label(k), show(v)]);
}

export function PostureCard({ device: d }: { device: DeviceFull }): JSX.Element {
    const p = d.posture;
    const roots = p?.root_signs;
    return (
        <Card title="Posture" note={p && <>told <Ago at={p.at} /></>}>
            <Facts rows={[
                ['System', osText(d)],
                ['Security patch', d.os.patch],
                ['Kernel', d.os.kernel && <span class="mono breakable">{d.os.kernel}</span>],
                ...(p ? [
                    ['Storage', <Check value={p.disk_encrypted} good yes="Encrypted" no="Not encrypted" />],
                    ['Screen lock', <Check value={p.screen_lock} good yes="Set" no="Not set" />],
                    ['Developer mode', <Check value={p.developer_mode} good={false} yes="On" no="Off" />],
                    ['Signs of root', roots == null ? <Badge tone="info">Unknown</Badge> : roots.length === 0
                        ? <Badge tone="ok">None</Badge> : <span class="breakable">{roots.join(', ')}</span>],
                    ...extra(p),
                ] as [string, ComponentChildren][] : []),
            ]} />
            {!p && <p class="note">The device has not told its posture yet.</p>}
        </Card>
    );
}

const KIND = { wifi: 'Wi-Fi', wired: 'Wired', cellular: 'Cellular', vpn: 'VPN' } as const;

export function NetworkCard({ network: n }: { network: DeviceFull['network'] }): JSX.Element {
    return (
        <Card title="Network" note={n && <>joined <Ago at={n.joined_at} /></>}>
            {n ? (
                <Facts rows={[
                    ['Kind', KIND[n.kind] ?? n.kind],
                    ['Security', n.security],
                    ['Gateway', n.gateway && <span class="mono">{n.gateway}</span>],
                    ['Gateway MAC', n.gateway_mac && <span class="mono">{n.gateway_mac}</span>],
                    ['DNS', n.dns.length > 0 ? <span class="mono">{n.dns.join(', ')}</span> : null],
                    ['Sign-in page', <Check value={n.portal === 'unknown' ? null : n.portal === 'captive'} good={false}
                        yes="Captive portal" no="None" />],
                    ['Network', <a class="mono breakable" href={networkHref(n.id)}>{n.id}</a>],
                ]} />
            ) : <p class="note">Not on a network that it told about.</p>}
        </Card>
    );
}

export function CertificateCard({ device: d }: { device: DeviceFull }): JSX.Element {
    return (
        <Card title="Identity">
            <Facts rows={[
                ['Device ID', <span class="mono breakable">{d.id}</span>],
                ['Group', d.group],
                ['Owner', d.ownership === 'company' ? 'The organisation' : d.ownership === 'personal' ? 'The person' : null],
                ['Agent', d.agent],
                ['Enrolled', <Exact at={d.enrolled_at} />],
                ['Certificate', d.certificate && <span class="mono breakable">{d.certificate.serial}</span>],
                ['Valid until', d.certificate && dateOnly(d.certificate.not_after)],
            ]} />
        </Card>
    );
}

// What its word weighs for all others, and why.
export function VoiceCard({ id }: { id: string }): JSX.Element {
    const one = useResource<CrowdVoice>(`voice ${id}`, (signal) => get<CrowdVoice>('/crowd/voice', { query: { device: id }, signal }));
    return (
        <Card title="Voice in the crowd" note={one.data?.known && `${Math.round(one.data.weight * 100)} %`}>
            <ResourceView of={one} lines={3}>
                {(v) => (
                    <>
                        <p class="note">{sentence(v.summary)}.</p>
                        {v.factors.length > 0 && (
                            <Facts rows={v.factors.map((f) => [sentence(f.name), <>{Math.round(f.value * 100)} %<span class="sub">{f.text}</span></>])} />
                        )}
                    </>
                )}
            </ResourceView>
        </Card>
    );
}
