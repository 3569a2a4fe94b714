// policytypes.ts - policies, rehearsals and alerts as the REST interface gives them.
export interface PolicyRule {
    name: string;
    mode: 'act' | 'detect';
    do: string[];
    group: string | null;
}

export interface Policy {
    version: number;
    name: string;
    source: 'file' | 'store' | 'builtin';
    at: string | null;
    by: string;
    text: string;
    rules: PolicyRule[];
    groups: { name: string; rules: PolicyRule[] }[];
    deployed: { devices: number; pending: number };
    alerts_per_week: number;
}

export interface PolicyCheck {
    good: boolean;
    name?: string;
    error?: string;
    line?: number;
    path?: string;
    rules?: PolicyRule[];
}

export interface PolicyVersion {
    version: number;
    at: string | null;
    by: string;
    name: string | null;
}

export interface PolicyVersionFull extends PolicyVersion {
    text: string;
    diff?: { against: number; lines: string; added: number; removed: number };
}

export interface RehearsedMeasure {
    devices: number;
    begun: number;
    now: number;
    hours: number;
}

export interface RehearsedRule {
    name: string;
    detect: boolean;
    devices: number;
    alerts: number;
    reminders: number;
    merged: number;
    held: number;
    measures: number;
    admins: number;
    siem: number;
}

export interface Rehearsal {
    from: string;
    to: string;
    devices: number;
    touched: number;
    alerts: number;
    reminders: number;
    merged: number;
    held: number;
    closed: number;
    silent: number;
    users_alerted: number;
    alerts_most_in_a_week: number;
    alerts_per_user_week: number;
    measures: Record<'block_mail' | 'block_vpn' | 'block_access', RehearsedMeasure>;
    admins: number;
    siem: number;
    rules: RehearsedRule[];
}

export interface RehearsalPair {
    days: number;
    draft: Rehearsal;
    in_force: Rehearsal | null;
}

export interface AlertRate {
    rule: string;
    told: number;
    shown: number;
    acted: number;
    ignored: number;
    mistakes: number;
    closed: number;
    merged: number;
    reminders: number;
    devices: number;
    acted_share: number;
    needs_tuning: boolean;
}

export interface OwnText {
    threat: string;
    language: string;
    title?: string;
    why?: string;
    next?: string[];
}

export interface TextWords {
    title: string;
    why: string;
    next: string[];
}

export interface Texts {
    version: number;
    at: string | null;
    by: string;
    languages: { code: string; name: string }[];
    items: OwnText[];
    words?: { threat: string; language: string; careful: boolean; own: OwnText | null; original: TextWords; effective: TextWords };
}
