// types.ts - the objects of the REST interface, as docs/api.md describes them.

export type Time = string; // RFC 3339 UTC
export type Role = 'viewer' | 'responder' | 'policy' | 'privacy' | 'owner';
export type Severity = 'info' | 'low' | 'medium' | 'high' | 'critical';
export type IncidentState = 'open' | 'mitigated' | 'resolved' | 'dismissed';
export type Vector = 'network' | 'malware' | 'physical' | 'vulnerability' | 'behavior';
export type Level = 'low' | 'guarded' | 'high' | 'critical';
export type DeviceStatus = 'active' | 'silent' | 'never' | 'revoked';
export type Outlook = 'unknown' | 'low' | 'raised' | 'high';
export type Measure = 'block_mail' | 'block_vpn' | 'block_access';
export type Platform = 'linux' | 'android' | 'ios';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export interface Page<T> {
    items: T[];
    next_cursor: string | null;
    total: number;
}

export interface Problem {
    type: string;
    title: string;
    status: number;
    detail?: string;
    instance?: string;
    path?: string;
}

export interface Session {
    user: { name: string; role: Role; groups: string[] };
    expires_at: Time;
    server: { version: string; name: string; demo: boolean };
}

export interface DeviceRef {
    id: string;
    name: string;
}

export interface IncidentSummary {
    id: string;
    device: DeviceRef;
    threat: string;
    vector: Vector;
    severity: Severity;
    state: IncidentState;
    title: string;
    subject: string;
    confidence: number;
    count: number;
    opened_at: Time;
    updated_at: Time;
    ended_at: Time | null;
    simulated: boolean;
}

export type TimelineWhat =
    'detected' | 'seen' | 'told' | 'resolved' | 'reopened' | 'dismissed' | 'sent' | 'mitigated' |
    'held' | 'merged' | 'reminded' | 'measure' | 'lifted' | 'admins' | 'would';

export interface TimelineEntry {
    at: Time;
    what: TimelineWhat;
    by: string | null;
    detail: string | null;
}

export interface Incident extends IncidentSummary {
    texts: { title: string; why: string; next: string[]; admin: string };
    rule: string;
    rule_doc: string | null;
    attack: string[];
    nist: string[];
    ends_when: string;
    evidence: JsonObject;
    timeline: TimelineEntry[];
    elsewhere: IncidentSummary[];
    reason: string | null;
}

export interface Device {
    id: string;
    name: string;
    platform: Platform;
    model: string | null;
    os: { name: string; version: string; kernel: string | null; patch: string | null };
    agent: string | null;
    group: string;
    status: DeviceStatus;
    enrolled_at: Time;
    last_seen_at: Time | null;
    risk: { score: number; level: Level };
    open_incidents: number;
    outlook: Outlook;
    p7: number | null;
    ownership: 'unknown' | 'company' | 'personal';
    measures: Measure[];
    reason?: string | null; // of the overview's top devices
}

export interface RiskPart {
    vector: Vector;
    points: number;
    reason: string;
    incident: string | null;
    lowers: string;
}

export interface Posture {
    disk_encrypted: boolean | null;
    screen_lock: boolean | null;
    developer_mode: boolean | null;
    root_signs: string[] | null;
    at: Time;
    [more: string]: Json;
}

export interface DeviceNetwork {
    id: string;
    kind: 'wifi' | 'wired' | 'cellular' | 'vpn';
    security: string | null;
    gateway: string | null;
    gateway_mac: string | null;
    dns: string[];
    portal: 'none' | 'captive' | 'unknown';
    joined_at: Time;
}

export interface Alert {
    id: string;
    at: Time;
    title: string;
    state: 'pending' | 'delivered' | 'shown';
    threat: string;
    incident: string | null;
}

export interface ForesightReason {
    reason: string;
    share: number; // percentage points of the chance
    lowers: string | null;
}

export interface Foresight {
    at: Time;
    outlook: Outlook;
    p7: number | null;
    p30: number | null;
    reasons: ForesightReason[];
    zone: { standing: 'unknown' | 'green' | 'amber' | 'red'; p: number; attacks: number; joins: number; why: string | null } | null;
}

// A measure in force, and the rule behind it.
export interface MeasureState {
    measure: Measure;
    rule: string | null;
    incident: string | null; // '': the device as a whole
    cause_at: Time | null;
}

export interface DeviceFull extends Device {
    risk: { score: number; level: Level; at: Time | null; parts: RiskPart[] };
    posture: Posture | null;
    network: DeviceNetwork | null;
    incidents: IncidentSummary[];
    alerts: Alert[];
    certificate: { serial: string; not_after: Time } | null;
    revoked: { at: Time; by: string; reason: string } | null;
    foresight: Foresight | null;
    access: MeasureState[];
}

// An alert as the person was told it: table of its own on the server.
export interface ToldAlert {
    id: number;
    title: string; // with {subject} for what it was about
    device: DeviceRef;
    incident: string | null;
    rule: string;
    threat: string;
    subject: string;
    level?: string;
    told_at: Time;
    shown_at: Time | null;
    answer: string | null;
    answered_at: Time | null;
    closed_at: Time | null;
    reminders: number;
    merged: number;
    simulated?: boolean;
}

export interface PrivacyField {
    field: string;
    what: string;
    form: string;
    company: string;
    personal: string;
}

export interface Privacy {
    kinds: { kind: string; fields: PrivacyField[] }[];
    retention: { what: string; days: number; text: string }[];
    thresholds: { place_devices: number; min_devices: number };
    employee_erase: 'ask' | 'alone';
    roles: { role: string; rights: string[] }[];
}

export interface Erasure {
    id: string;
    device: DeviceRef | null;
    state: 'asked' | 'begun' | 'done';
    asked_at: Time;
    asked_by: string;
    done_at: Time | null;
}

export interface PicketEvent {
    id: string;
    at: Time;
    type: string;
    device: DeviceRef | null;
    incident: IncidentSummary | null;
    detail: JsonObject | null;
}

export interface OutboxTarget {
    target: string;
    kind: string;
    pending: number;
    last_ok_at: Time | null;
    last_error: string | null;
}

export interface Day {
    day: string;
    opened: number;
    resolved: number;
    devices: number;
}

export interface ThreatCount {
    threat: string;
    title: string;
    open: number;
    devices: number;
}

export interface Score {
    now: number;
    day_ago: number | null;
    week_ago: number | null;
    month_ago: number | null;
    parts: { part: 'activation' | 'risk' | 'patches'; score: number; of: number }[];
}

export interface Advice {
    id: string;
    text: string;
    do: string;
    link: string;
    devices: number;
    gain: number;
    severity: Severity;
}

export interface TrendDay {
    day: string;
    devices: number;
    active: number;
    open: number;
    opened: number;
    closed: number;
    risky: number;
    alerts: number;
    patch_days: number | null;
    score: number | null;
    estimated: boolean;
}

export interface Overview {
    devices: { total: number; active: number; silent: number; never: number; revoked: number };
    levels: Record<Level, number>;
    outlooks: Record<Outlook, number>;
    blocked: number;
    score: Score | null;
    actions: Advice[];
    incidents: {
        open: number;
        opened_24h: number;
        resolved_24h: number;
        by_severity: Record<Severity, number>;
    };
    days: Day[];
    top_incidents: IncidentSummary[];
    top_devices: Device[];
    threats: ThreatCount[];
    outbox: OutboxTarget[];
    to_do: { text: string; link: string }[];
    demo: boolean;
}

export interface Enrolment {
    id: string;
    label: string | null;
    group: string;
    uses_left: number;
    uses: number;
    created_at: Time;
    expires_at: Time;
    created_by: string;
}

export interface NewEnrolment extends Enrolment {
    token: string;
    url: string;
    qr_svg: string;
}

export interface ApiToken {
    id: string;
    name: string;
    role: Role;
    groups: string[];
    created_at: Time;
    expires_at: Time | null;
    last_used_at: Time | null;
}

export interface Person {
    id: string;
    name: string;
    mail: string | null;
    role: Role;
    groups: string[];
    source: 'local' | 'sso';
    issuer: string | null;
    password: boolean;
    codes: boolean;
    created_at: Time;
    created_by: string;
    last_seen_at: Time | null;
    disabled_at: Time | null;
}

export interface Codes {
    url: string;
    qr_svg: string;
    recovery: string[];
}

export interface SessionRow {
    id: string;
    name: string;
    role: Role;
    address: string | null;
    opened_at: Time;
    last_used_at: Time | null;
    expires_at: Time;
    own: boolean;
    current: boolean;
}

export interface SigninLink {
    url: string;
    expires_at: Time;
}

export interface AuditEntry {
    id: string;
    at: Time;
    actor: string;
    act: string;
    target: string | null;
    detail: Json;
}

export interface Health {
    status: 'ok' | 'degraded';
    version: string;
    started_at: Time;
    now: Time;
    store: string;
    store_bytes: number;
    disk: { bytes: number; free: number } | null;
    process: { threads: number; memory_kb: number };
    certificates: { authority_ends_at: Time; server_ends_at: Time | null; devices_ending: number; devices_ended: number };
    journal: { entries: number; lag: number };
    connections: number;
    waiting: number;
    outbox: OutboxTarget[];
    problems: string[];
}

export interface Threat {
    id: string;
    vector: Vector;
    severity: Severity;
    title: string;
    [more: string]: Json;
}
