// crowdtypes.ts - what all devices know together, as docs/api.md describes it.
import type { DeviceRef, Time } from './types';

export type CrowdKind = 'point' | 'site' | 'mast' | 'app' | 'signer';

export interface CrowdStatus {
    enabled: boolean;
    live: boolean;
    stuck: boolean;
    newest_at: Time | null;
    sightings: number;
    per_second: number;
    lag: number;
    memory: { bytes: number; max_bytes: number };
    checkpoint_at: Time | null;
    checkpoint_bytes: number;
    counts: Record<'networks' | 'sites' | 'points' | 'masts' | 'packages' | 'apps' | 'signers' | 'devices' | 'suspects', number>;
    bad: Record<CrowdKind, number>;
    hidden: number;
    min_devices: number;
}

export interface CrowdThing {
    kind: CrowdKind | 'network';
    name: string | null;
    network: string | null;
    bssid: string | null;
    place: string | null;
    mast: string | null;
    app: string | null;
    signer: string | null;
}

// Numbers are told in steps: at least so many; null: fewer than min_devices.
export interface CrowdStanding {
    score: number | null;
    devices: number | null;
    groups: number | null;
    clean: number | null;
    since_at: Time | null;
}

export interface CrowdBad extends CrowdThing, CrowdStanding {
    id: string;
    cause: string | null;
    why: string | null;
}

export interface CrowdReason {
    term: string;
    text: string | null;
    weight: number | null;
}

export interface CrowdOpinion extends CrowdStanding {
    bad: boolean;
    reasons: CrowdReason[];
}

export interface CrowdProfile {
    level: 'point' | 'site' | 'network';
    visits: number | null;
    first_seen_at: Time | null;
    last_seen_at: Time | null;
    attributes: { name: string; values: { text: string; share: number; odd: boolean }[] }[];
}

export interface CrowdVoiceRow {
    says: 'bad' | 'clean';
    strength: number;
    trust: number;
    attested: boolean;
    at: Time | null;
}

export interface CrowdExplanation {
    thing: CrowdThing;
    known: boolean;
    enough: boolean;
    min_devices: number;
    summary: string;
    opinion: CrowdOpinion | null;
    profiles: CrowdProfile[];
    app: {
        devices: number | null; package_devices: number | null; signer_packages: number; signer_devices: number | null; signer_main: boolean;
        signer_share: number; first_seen_at: Time | null; last_seen_at: Time | null;
    } | null;
    voices: CrowdVoiceRow[];
}

export interface CrowdCell {
    place: string;
    south: number;
    west: number;
    north: number;
    east: number;
    joins: number;
    bad: number;
    devices: number | null;
}

export interface CrowdMap {
    cells: CrowdCell[];
    hidden: number;
    min_devices: number;
}

export interface CrowdVoice {
    device: DeviceRef;
    known: boolean;
    weight: number;
    summary: string;
    factors: { name: string; value: number; text: string }[];
}

export interface ExchangeHub {
    id: string;
    name: string;
    url: string; // "": a partner, whose words came as a file
    joined_at: Time | null;
    last_answer_at: Time | null;
    error: string | null;
    waiting: number;
    told: number;
    heard: number;
}

export interface ExchangeStatus {
    id: string;
    name: string;
    hub: boolean;
    members: number;
    min_devices: number;
    trust: number;
    hubs: ExchangeHub[];
}

export interface ExchangeMember {
    id: string;
    name: string;
    vouched: boolean;
    weight: number;
    joined_at: Time | null;
    last_seen_at: Time | null;
    words: number;
    confirmed: number;
    contradicted: number;
}

export interface ExchangeWord {
    kind: CrowdKind;
    verdict: 'gone' | 'bad' | 'clean' | 'known' | 'claimed';
    log_odds: number;
    devices: number | null;
    several_members: boolean;
    thing: string;
    at: Time | null;
}
