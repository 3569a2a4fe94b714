// apptypes.ts - apps, their files, who has them and what people say of them, as docs/api.md describes them.
import type { DeviceRef, IncidentSummary, JsonObject, Severity, Time } from './types';

export type AppVerdict = 'unknown' | 'clean' | 'unwanted' | 'malformed' | 'suspicious' | 'malicious';
export type FileState = 'wanted' | 'asked' | 'uploading' | 'analysed' | 'failed';
export type Weight = 'none' | 'unwanted' | 'suspicious' | 'malicious';

export interface AppSummary {
    id: string;
    package: string;
    signer: string | null;
    label: string | null;
    version: string | null;
    version_code: number;
    verdict: AppVerdict;
    score: number | null;
    threat: string | null;
    devices: number;
    versions: number;
    first_seen_at: Time;
    last_seen_at: Time;
}

export interface AppFile {
    id: string; // SHA-256
    app: string | null;
    package: string | null;
    label: string | null;
    version: string | null;
    version_code: number;
    signer: string | null;
    size: number | null;
    state: FileState;
    error: string | null;
    verdict: AppVerdict;
    score: number | null;
    threat: string | null;
    reasons: string[];
    devices: number;
    first_seen_at: Time;
    last_seen_at: Time;
    judged_at: Time | null;
    asked: { device: DeviceRef; at: Time; asks: number } | null;
    uploaded_by: string | null;
}

export interface AppInstall {
    device: DeviceRef;
    app: string;
    package: string;
    label: string | null;
    version: string | null;
    version_code: number;
    sha256: string | null;
    signer: string | null;
    installer: string | null;
    system: boolean | null;
    since: Time;
    version_since: Time;
    gone_at: Time | null;
    verdict: AppVerdict;
    threat: string | null;
    excepted: string | null;
}

export interface AppException {
    id: string;
    reason: string;
    scope: 'all' | 'group' | 'device';
    group: string | null;
    device: DeviceRef | null;
    sha256: string | null;
    package: string | null;
    signer: string | null;
    threat: string | null;
    rule: string | null;
    created_at: Time;
    created_by: string;
    expires_at: Time | null;
    active: boolean;
}

export interface AppFinding {
    id: string;
    severity: Severity;
    title: string;
    evidence: string;
    attack: string[];
    rule: string;
    count?: number;
    verdict?: Weight;
    confidence?: number;
    excepted?: string;
}

export interface AppHit {
    kind: string;
    value: string;
    indicator?: string;
    family?: string;
    category?: string;
    source: string;
    reference?: string;
    date?: string;
}

// What `picket scan --json` prints, as far as the console shows it; absent means "none" or "not known".
export interface AppReport {
    sha256?: string;
    size: number;
    kind: string;
    package?: string;
    version_name?: string;
    version_code?: number;
    label?: string;
    min_sdk?: number;
    target_sdk?: number;
    debuggable: boolean;
    permissions: string[];
    components?: { activities: number; services: number; receivers: number; providers: number; exported?: string[] };
    signature?: {
        verified: boolean;
        schemes: string[];
        signers: { sha256: string; subject: string; key: string; not_after?: string; lineage: string[] }[];
    };
    techniques?: string[];
    hosts?: { name: string; cleartext: boolean; seen?: string }[];
    cleartext?: boolean;
    backup?: boolean;
    sdks?: { id: string; name: string; kind: string; tracker: boolean }[];
    libraries?: { name: string; version: string; file?: string; cves?: string[]; fixed?: string }[];
    packers?: string[];
    leaks?: { data: string; to: string; source_in?: string; sink_in?: string }[];
    leaks_limit?: string;
    model?: {
        name: string;
        probability: number;
        familiar: boolean;
        parts?: { feature: string; text: string; weight: number }[];
    };
    matches?: { rule: string; namespace?: string; file: string; strings?: string[] }[];
    hits?: AppHit[];
    findings: AppFinding[];
    verdict: AppVerdict;
    score: number;
    reasons: string[];
}

export type AppSource = 'play' | 'appstore' | 'fdroid' | 'oem' | 'amazon' | 'mdm' | 'third' | 'sideload' | 'browser' | 'unknown';

export interface AppProofSigner {
    app: string;
    signer: string | null;
    devices: number;
    from_store: number;
    from_management: number;
    by_hand: number;
    first_seen_at: Time;
    last_seen_at: Time;
    own: boolean;
    known_as: string | null;
}

// How common it is on the organisation's own devices: exact numbers of now.
export interface AppProof {
    fleet: number;
    devices: number;
    share: number;
    devices_7d: number;
    sources: { source: AppSource; copies: number }[];
    same_signer: boolean | null;
    other_signers: number;
    signers: AppProofSigner[];
    versions: { sha256: string; version: string | null; version_code: number; devices: number; first_seen_at: Time }[];
    summary: string[];
}

export interface AppFull extends AppSummary {
    proof: AppProof | null; // null: who sees some groups only
    files: AppFile[];
    on: AppInstall[];
    exceptions: AppException[];
    incidents: IncidentSummary[];
    report: AppReport | null;
}

export interface AppFileFull extends AppFile {
    on: AppInstall[];
    report: AppReport | null;
}

export interface AppRules {
    version: number;
    changed_at: Time | null;
    changed_by: string | null;
    rules: JsonObject;
}

export interface IntelSet {
    version: string;
    created_at: Time | null;
    bytes: number;
    indicators: number;
    values: number;
    warnings: number;
    signers: number;
    apps: number;
    sources: {
        name: string;
        reference: string | null;
        licence: string | null;
        date: string | null;
        indicators: number;
        warnings: number;
        signers: number;
        apps: number;
    }[];
}
