// privacy.tsx - what devices tell and what never, how long it is kept, who may see it, and what the employee reads.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { get } from '../api/client';
import type { Privacy } from '../api/types';
import { useResource } from '../app/resource';
import { number, t } from '../app/words';
import type { Tone } from '../ui/badge';
import { Badge } from '../ui/badge';
import { Card, Empty, PageHead, ResourceView } from '../ui/basics';
import { codeName } from '../ui/codes';
import { Search, Segments } from '../ui/filterbar';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { Tabs } from '../ui/tabs';
import { label, sentence } from '../ui/words';
import { ErasuresPart } from './erasures';
import { EmployeePreview, kindName } from './privacypreview';

const PARTS = [
    { id: 'fields', name: t('What devices tell'), to: '#/privacy' },
    { id: 'kept', name: t('How long it is kept'), to: '#/privacy/kept' },
    { id: 'who', name: t('Who may see it'), to: '#/privacy/who' },
    { id: 'erasures', name: t('Erasures'), to: '#/privacy/erasures' },
    { id: 'employee', name: t('What the employee reads'), to: '#/privacy/employee' },
];

const CLASSES: Record<string, { name: string; tone: Tone; what: string }> = {
    collect: { name: t('Collected'), tone: 'low', what: t('part of the report, as it is') },
    blind: { name: t('Blinded'), tone: 'ok', what: t('only as a hash with the organisation’s secret key') },
    never: { name: t('Never'), tone: 'medium', what: t('stays on the device; the server refuses it') },
};

function Class({ of }: { of: string }): JSX.Element {
    const c = CLASSES[of];
    return <Badge tone={c?.tone ?? 'info'}>{c?.name ?? of}</Badge>;
}

type Field = Privacy['kinds'][number]['fields'][number] & { kind: string };

const FIELD_COLUMNS: Column<Field>[] = [
    { id: 'field', head: t('Field'), kind: 'main', cell: (f) => <><span class="mono">{f.field}</span><span class="sub">{sentence(f.what)}</span></> },
    { id: 'form', head: t('Form'), kind: 'side', cell: (f) => <span class="note breakable">{f.form}</span> },
    { id: 'company', head: t('Organisation’s device'), cell: (f) => <Class of={f.company} /> },
    { id: 'personal', head: t('Personal device'), cell: (f) => <Class of={f.personal} /> },
];

const WAYS = [{ id: '', name: t('All') }, { id: 'collect', name: t('Collected') }, { id: 'blind', name: t('Blinded') }, { id: 'never', name: t('Never') }];

function Fields({ of }: { of: Privacy }): JSX.Element {
    const [text, setText] = useState('');
    const [way, setWay] = useState('');
    const fits = (f: Field): boolean => (way === '' || f.company === way || f.personal === way) &&
        `${f.kind} ${f.field} ${f.what}`.toLowerCase().includes(text.toLowerCase());
    const kinds = of.kinds.map((k) => ({ kind: k.kind, rows: k.fields.map((f) => ({ ...f, kind: k.kind })).filter(fits) }))
        .filter((k) => k.rows.length > 0);
    const count = (c: string): number => of.kinds.reduce((n, k) => n + k.fields.filter((f) => f.company === c).length, 0);
    return (
        <>
            <p class="prose lead-text">{t('A device can send the fields below and nothing else: what has no row here cannot be written into a report, and the server refuses it. {collected} fields are collected, {blinded} only as a keyed hash, and {never} never leave the device. The list is the same whoever owns the device.',
                { collected: count('collect'), blinded: count('blind'), never: count('never') })}</p>
            <div class="filters">
                <Search value={text} label={t('Search fields')} onChange={setText} />
                <Segments label={t('Class')} options={WAYS} value={way} onChange={setWay} />
            </div>
            {kinds.length === 0 && <Empty icon="search" title={t('No field matches')}><p>{t('There is no such field: a device cannot send it.')}</p></Empty>}
            {kinds.map((k) => (
                <section key={k.kind} class="card flush" aria-label={k.kind === 'every' ? t('Every observation') : k.kind}>
                    <header class="card-head"><h2>{k.kind === 'every' ? t('In every observation') : kindName(k.kind)}</h2></header>
                    <Table caption={t('Fields of {kind}', { kind: k.kind })} columns={FIELD_COLUMNS} rows={k.rows} keyOf={(f) => f.field} />
                </section>
            ))}
        </>
    );
}

const KEPT: Record<string, string> = {
    reports_days: t('Reports'), incidents_days: t('Incidents'), events_days: t('Events'), actions_days: t('Actions'), audit_days: t('Audit'),
    apps_days: t('Apps'), ledger_days: t('Ledger'), networks_days: t('Networks'),
};

function Kept({ of }: { of: Privacy }): JSX.Element {
    return (
        <>
            <Card title={t('Retention')} note={t("set under 'retention' in picketd.yaml")} class="flush">
                <Table caption={t('Retention')} rows={of.retention} keyOf={(r) => r.what} columns={[
                    { id: 'what', head: t('What'), kind: 'main', cell: (r) => <strong>{KEPT[r.what] ?? label(r.what.replace(/_days$/, ''))}</strong> },
                    { id: 'days', head: t('Days'), kind: 'number', cell: (r) => number(r.days) },
                    { id: 'text', head: t('What counts'), cell: (r) => <span class="note">{sentence(r.text)}</span> },
                ]} />
            </Card>
            <Card title={t('Thresholds')}>
                <ul class="rows">
                    <li><span>{t('Devices that must stand behind a number of the crowd before others see it')}</span><strong>{of.thresholds.min_devices}</strong></li>
                    <li><span>{t('Devices that a place needs; with fewer it is told as a square of about 40 km')}</span><strong>{of.thresholds.place_devices}</strong></li>
                    <li><span>{t('An employee who asks to be forgotten')}</span><strong>{of.employee_erase === 'alone' ? t('decides alone') : t('asks an administrator')}</strong></li>
                </ul>
            </Card>
        </>
    );
}

const RIGHTS: [string, string][] = [
    ['view', t('Devices, incidents, apps, networks of their groups. Opening a device is written into its ledger.')],
    ['respond', t('Dismiss and reopen, exceptions, uploads')],
    ['policy', t('Policies, texts, alert rules, lists of apps')],
    ['privacy', t('Audit, who looked, export and erasure')],
    ['own', t('People, tokens, enrolment, integrations')],
];

function Who({ of }: { of: Privacy }): JSX.Element {
    return (
        <Card title={t('Roles and what they may')} class="flush">
            <Table caption={t('Roles')} rows={RIGHTS.map(([right, what]) => ({ right, what }))} keyOf={(r) => r.right} columns={[
                { id: 'right', head: t('Right'), kind: 'main', cell: (r) => <><strong>{codeName(r.right)}</strong><span class="sub">{r.what}</span></> },
                ...of.roles.map((role): Column<{ right: string; what: string }> => ({
                    id: role.role, head: codeName(role.role),
                    cell: (r) => role.rights.includes(r.right) ? <Badge tone="ok">{t('Yes')}</Badge> : <span class="muted zero">{t('no')}</span>,
                })),
            ]} />
        </Card>
    );
}

export function PrivacyPage({ part }: { part: string }): JSX.Element {
    const one = useResource<Privacy>('privacy', (signal) => get<Privacy>('/privacy', { signal }));
    return (
        <>
            <PageHead title={t('Privacy')} note={t('What leaves a device, who sees it, and for how long.')} />
            <Tabs label={t('Parts of Privacy')} tabs={PARTS} now={part} />
            {part === 'erasures' ? <ErasuresPart /> : (
                <ResourceView of={one} lines={8}>
                    {(of) => part === 'kept' ? <Kept of={of} /> : part === 'who' ? <Who of={of} />
                        : part === 'employee' ? <EmployeePreview of={of} /> : <Fields of={of} />}
                </ResourceView>
            )}
        </>
    );
}
