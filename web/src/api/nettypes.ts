// nettypes.ts - networks that devices met, and what the organisation trusts, as docs/api.md describes them.
import type { DeviceRef, IncidentSummary, JsonObject, Severity, Time } from './types';

export type NetworkVerdict = 'unknown' | 'clean' | 'bad';
export type LinkKind = 'unknown' | 'wifi' | 'wired' | 'cellular' | 'vpn';
export type Security = 'unknown' | 'open' | 'owe' | 'wep' | 'wpa' | 'wpa2' | 'wpa3' | 'eap';

export interface NetworkSummary {
    id: string;
    name: string | null;
    listed: boolean;
    link: LinkKind;
    security: Security;
    verdict: NetworkVerdict;
    severity: Severity | null;
    threat: string | null;
    devices: number;
    first_seen_at: Time;
    last_seen_at: Time;
    checked_at: Time | null;
    last_bad_at: Time | null;
    last_bad_threat: string | null;
    place: string | null;
    points: number;
    makers: number;
    gateways: number;
    resolvers: number;
    places: number;
    forgotten_at: Time | null;
}

export interface Trait {
    value: string;
    first_seen_at: Time;
    last_seen_at: Time;
}

export interface NetworkFact {
    kind: string;
    about: string | null;
    at: Time;
    body: JsonObject;
}

export interface NetworkMoment {
    at: Time;
    what: 'detected' | 'resolved' | 'dismissed' | 'mitigated' | 'open';
    incident: string;
    threat: string;
    severity: Severity;
    device: DeviceRef;
}

export interface NetworkFull extends NetworkSummary {
    trust: { name: string; security: Security; bssids: number; certificate: boolean; fits: boolean | null; why: string[] } | null;
    seen: { points: Trait[]; makers: Trait[]; gateways: Trait[]; resolvers: Trait[]; places: Trait[] };
    facts: NetworkFact[];
    evidence: (IncidentSummary & { evidence: JsonObject })[];
    incidents: IncidentSummary[];
    timeline: NetworkMoment[];
}

export interface NetworkVisit {
    device: DeviceRef;
    first_seen_at: Time;
    last_seen_at: Time;
    visits: number;
    open_incidents: number;
}

export interface NetworkCell {
    place: string;
    south: number;
    west: number;
    north: number;
    east: number;
    networks: number;
    bad: number;
    severity: Severity | null;
    devices: number;
}

export interface NetworkMap {
    cells: NetworkCell[];
    networks: number;
    placed: number;
    bad: number;
    homes: number;
    min_devices: number;
    keep_days: number;
}

export interface Trust {
    policy: string;
    version: string;
    networks: {
        id: string; name: string; security: Security; bssids: string[]; certificate: string | null; met: boolean;
        verdict: NetworkVerdict; devices: number;
    }[];
    inspection_cas: string[];
    pac_urls: string[];
    split_zones: string[];
    hosts: string[];
    names: { phishing: string; control: string; lookalikes: boolean; allow: string[]; deny: string[]; tell_name: boolean };
}
