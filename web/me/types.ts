// types.ts - what /me/api answers (docs/protocol.md).
export type CardName = 'device' | 'apps' | 'network' | 'updates';
export type StateName = 'protected' | 'fix' | 'act' | 'silent' | 'new';

export interface Texts {
    title: string;
    why: string;
    next: string[];
    language: string;
}

export interface Subject {
    kind: 'device' | 'network' | 'app' | 'thing';
    id: string | null;
}

export interface Careful {
    title: string;
    why: string;
    step: string;
    lead: string;
    help_title: string;
    help: string;
    plan: string;
    exit: string;
}

export interface Item {
    id: string;
    threat: string;
    card: CardName;
    severity: string;
    urgency: 'now' | 'today' | 'info';
    urgent: boolean;
    careful: Careful | null;
    state: 'open' | 'mitigated';
    sure: 'confirmed' | 'likely' | 'possible';
    subject: Subject;
    since: string;
    texts: Texts;
    mistake_at: string | null;
    later_until: string | null;
    blocks: string[];
}

export interface Network {
    id: string;
    link: string;
    security: string;
    joined_at: string | null;
    checks: { check: 'router' | 'names' | 'secure' | 'pages'; state: 'passed' | 'failed' | 'open' }[];
    known: boolean;
    zone: { standing: 'green' | 'amber' | 'red' | 'unknown'; attacks: number; joins: number } | null;
}

export interface State {
    state: StateName;
    to_fix: number;
    checked_at: string | null;
    language: string;
    organisation: string;
    own: boolean;
    expires_at: string;
    now: string;
    device: { name: string; platform: 'linux' | 'android' | 'ios'; model: string | null; os: string };
    cards: Record<CardName, { state: 'good' | 'fix' | 'unknown'; to_fix: number }>;
    items: Item[];
    infos: Item[];
    solved: { id: string; texts: Texts; at: string; subject: Subject }[];
    network: Network | null;
    access: { blocked: string[] };
    outlook: { level: 'unknown' | 'low' | 'raised' | 'high'; lowers: string[] };
    asked: { at: string; state: 'waiting' | 'taken' | 'done' } | null;
}

export interface Field {
    field: string;
    help: string;
    leaves: 'sent' | 'hashed' | 'never';
}

export interface Privacy {
    own: boolean;
    erase: 'ask' | 'alone';
    every: Field[];
    kinds: { kind: string; always: boolean; fields: Field[] }[];
    ledger: {
        reports: number;
        observations: number;
        by_kind: Record<string, number>;
        days: { day: string; reports: number; observations: number; bytes: number; by_kind: Record<string, number> }[];
        looked: { at: string; who: string; what: string; role?: string }[];
        erasure: { state: 'asked' | 'begun' | 'done'; asked_at: string } | null;
    };
}
