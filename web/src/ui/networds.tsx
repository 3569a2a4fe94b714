// networds.tsx - networks as people read them.
import type { JSX } from 'preact';
import type { LinkKind, NetworkSummary, NetworkVerdict, Security } from '../api/nettypes';
import { t } from '../app/words';
import { Badge } from './badge';
import { subjectName } from './names';
import { threatName } from './words';

export const NET_VERDICTS: NetworkVerdict[] = ['bad', 'clean', 'unknown'];

export const NET_VERDICT_NAME: Record<NetworkVerdict, string> = {
    bad: t('Something is wrong'), clean: t('Nothing found'), unknown: t('Not checked yet'),
};

export const LINK_NAME: Record<LinkKind, string> = {
    unknown: t('Unknown'), wifi: t('Wi-Fi'), wired: t('Wired'), cellular: t('Cellular'), vpn: 'VPN',
};

export const SECURITY_NAME: Record<Security, string> = {
    unknown: t('unknown'), open: t('Open'), owe: t('Open, encrypted (OWE)'), wep: 'WEP', wpa: 'WPA', wpa2: 'WPA2', wpa3: 'WPA3',
    eap: t('Enterprise (EAP)'),
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
            ? t('Nobody attacks here, but the network itself is weak: {threat}.', { threat: threatName(n.threat ?? '') })
            : t('An attack is going on: {threat}. Devices that are on it should leave.', { threat: threatName(n.threat ?? '') });
    }
    if (n.verdict === 'unknown') {
        return t('Devices were on it, but none has checked it yet.');
    }
    return n.last_bad_at ? t('Nothing is wrong now. It was attacked before, so it may be again.')
        : t('Devices checked it, and nothing was ever found.');
}
