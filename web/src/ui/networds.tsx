// networds.tsx - networks as people read them.
import type { JSX } from 'preact';
import type { LinkKind, NetworkSummary, NetworkVerdict, Security } from '../api/nettypes';
import { Badge } from './badge';
import { subjectName } from './names';
import { threatName } from './words';

export const NET_VERDICTS: NetworkVerdict[] = ['bad', 'clean', 'unknown'];

export const NET_VERDICT_NAME: Record<NetworkVerdict, string> = {
    bad: 'Something is wrong', clean: 'Nothing found', unknown: 'Not checked yet',
};

export const LINK_NAME: Record<LinkKind, string> = {
    unknown: 'Unknown', wifi: 'Wi-Fi', wired: 'Wired', cellular: 'Cellular', vpn: 'VPN',
};

export const SECURITY_NAME: Record<Security, string> = {
    unknown: 'unknown', open: 'Open', owe: 'Open, encrypted (OWE)', wep: 'WEP', wpa: 'WPA', wpa2: 'WPA2', wpa3: 'WPA3',
    eap: 'Enterprise (EAP)',
};

export const networkName = (n: { id: string; name: string | null }): string => n.name ?? subjectName(n.id);

export function NetworkBadge({ of: n }: { of: Pick<NetworkSummary, 'verdict' | 'severity'> }): JSX.Element {
    const tone = n.verdict === 'bad' && n.severity ? n.severity : n.verdict === 'clean' ? 'ok' : 'info';
    return <Badge tone={tone}>{NET_VERDICT_NAME[n.verdict] ?? n.verdict}</Badge>;
}

// The verdict in one sentence.
export function verdictSentence(n: NetworkSummary): string {
    if (n.verdict === 'bad') {
        return n.severity === 'low'
            ? `Nobody attacks here, but the network itself is weak: ${threatName(n.threat ?? '')}.`
            : `An attack is going on: ${threatName(n.threat ?? '')}. Devices that are on it should leave.`;
    }
    if (n.verdict === 'unknown') {
        return 'Devices were on it, but none has checked it yet.';
    }
    return n.last_bad_at ? 'Nothing is wrong now. It was attacked before, so it may be again.'
        : 'Devices checked it, and nothing was ever found.';
}
