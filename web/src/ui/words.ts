// words.ts - the server's short names as people read them.
import type { DeviceStatus, IncidentState, Level, Role, Severity, Vector } from '../api/types';
import { maybe, number, t } from '../app/words';

export const SEVERITIES: Severity[] = ['critical', 'high', 'medium', 'low', 'info'];
export const STATES: IncidentState[] = ['open', 'mitigated', 'resolved', 'dismissed'];
export const VECTORS: Vector[] = ['network', 'malware', 'physical', 'vulnerability', 'behavior'];
export const LEVELS: Level[] = ['critical', 'high', 'guarded', 'low'];
export const STATUSES: DeviceStatus[] = ['active', 'silent', 'never', 'revoked'];

export const SEVERITY_NAME: Record<Severity, string> = {
    critical: t('Critical'), high: t('High'), medium: t('Medium'), low: t('Low'), info: t('Info'),
};

export const STATE_NAME: Record<IncidentState, string> = {
    open: t('Open'), mitigated: t('Mitigated'), resolved: t('Resolved'), dismissed: t('Dismissed'),
};

export const LEVEL_NAME: Record<Level, string> = {
    critical: t('Critical'), high: t('High'), guarded: t('Guarded'), low: t('Low'),
};

export const ROLE_NAME: Record<Role, string> = {
    viewer: t('viewer'), responder: t('responder'), policy: t('policy'), privacy: t('privacy'), owner: t('owner'),
};

export const VECTOR_NAME: Record<Vector, string> = {
    network: t('Network'),
    malware: t('Malware'),
    physical: t('Device'),
    vulnerability: t('Vulnerability'),
    behavior: t('Behavior'),
};

export const STATUS_NAME: Record<DeviceStatus, string> = {
    active: t('Active'),
    silent: t('Silent'),
    never: t('Never active'),
    revoked: t('Revoked'),
};

const ACRONYMS: Record<string, string> = {
    arp: 'ARP', mac: 'MAC', ip: 'IP', dns: 'DNS', tls: 'TLS', ca: 'CA', ssid: 'SSID', bssid: 'BSSID',
    os: 'OS', id: 'ID', url: 'URL', sha256: 'SHA-256', spki: 'SPKI', dhcp: 'DHCP', usb: 'USB',
    sim: 'SIM', vpn: 'VPN', http: 'HTTP', https: 'HTTPS', cve: 'CVE', cves: 'CVEs', ndp: 'NDP', ra: 'RA',
    api: 'API', ttl: 'TTL', rtt: 'RTT', ms: '(ms)', wifi: 'Wi-Fi', ipv4: 'IPv4', ipv6: 'IPv6',
    asn: 'ASN', pem: 'PEM', cn: 'CN', icmp: 'ICMP', c2: 'C2', '2g': '2G', siem: 'SIEM',
};

// For what has no name here; translated when some text of the console is the same.
export function sentence(text: string): string {
    return maybe(text.charAt(0).toUpperCase() + text.slice(1));
}

// "gateway_mac" -> "Gateway MAC"
export function label(key: string): string {
    const words = key.split(/[_\s.-]+/).filter((w) => w !== '');
    return sentence(words.map((w) => ACRONYMS[w.toLowerCase()] ?? w).join(' '));
}

// "network.arp_spoof" -> "ARP spoof"
export function threatName(id: string): string {
    return label(id.includes('.') ? id.slice(id.indexOf('.') + 1) : id);
}

export function plural(n: number, one: string, many = `${one}s`): string {
    return `${number(n)} ${n === 1 ? one : many}`;
}

// How sure the judge is, in words; the number stays beside it.
export function confidenceWord(confidence: number): string {
    return confidence >= 0.9 ? t('confirmed') : confidence >= 0.6 ? t('likely') : t('seen');
}
