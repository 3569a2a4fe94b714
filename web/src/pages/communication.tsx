// communication.tsx - which administrators hear of what, how often, and how each way out does.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ApiError } from '../api/client';
import { get, post, put, seg } from '../api/client';
import type { Severity } from '../api/types';
import { asApiError, useResource } from '../app/resource';
import { may } from '../app/session';
import { rich, t } from '../app/words';
import { Badge } from '../ui/badge';
import { Card, Empty, PageHead, ProblemBox, ResourceView } from '../ui/basics';
import { codeName } from '../ui/codes';
import { ConfirmButton } from '../ui/confirm';
import { Dialog } from '../ui/dialog';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { Ago } from '../ui/time';
import { toast } from '../ui/toast';
import { SEVERITIES } from '../ui/words';

interface Rule {
    name: string;
    threats?: string[];
    severity?: Severity;
    groups?: string[];
    mail?: string[];
    webhooks?: string[];
    when?: string;
}

interface Content {
    user_mail?: boolean;
    rules?: Rule[];
}

interface Communication {
    version: number;
    at: string | null;
    by: string | null;
    communication: Content;
}

interface Channel {
    name: string;
    kind: 'siem' | 'mail' | 'hook' | 'push';
    address: string;
    pending: number;
    last_ok_at: string | null;
    last_error: string | null;
    can_test: boolean;
}

const WHEN: Record<string, string> = {
    now: t('At once'), hourly: t('Every hour, together'), daily: t('Every day, together'), weekly: t('Every week, together'), lasting: t('When it lasts 24 hours'),
};
const KIND: Record<Channel['kind'], string> = { siem: 'SOC', mail: t('Mail'), hook: t('Webhook'), push: t('Push') };

const words = (text: string): string[] => text.split(/[\s,;]+/).filter((w) => w !== '');
// Names of groups may hold blanks.
const names = (text: string): string[] => text.split(/[,;]+/).map((w) => w.trim()).filter((w) => w !== '');
const few = (list: string[] | undefined, none: string): string => list?.length ? list.join(', ') : none;

function RuleForm({ rule, hooks, onSave, onClose }: {
    rule: Rule | null; hooks: string[]; onSave: (rule: Rule) => Promise<void>; onClose: () => void;
}): JSX.Element {
    const [name, setName] = useState(rule?.name ?? '');
    const [threats, setThreats] = useState(few(rule?.threats, ''));
    const [severity, setSeverity] = useState<Severity>(rule?.severity ?? 'medium');
    const [groups, setGroups] = useState(few(rule?.groups, ''));
    const [mail, setMail] = useState(few(rule?.mail, ''));
    const [webhooks, setWebhooks] = useState<string[]>(rule?.webhooks ?? []);
    const [when, setWhen] = useState(rule?.when ?? 'now');
    const [error, setError] = useState<ApiError | null>(null);
    const submit = (event: Event): void => {
        event.preventDefault();
        setError(null);
        onSave({ name: name.trim(), threats: words(threats), severity, groups: names(groups), mail: words(mail), webhooks, when })
            .catch((e: unknown) => setError(asApiError(e)));
    };
    return (
        <Dialog title={rule ? t('Rule {name}', { name: rule.name }) : t('Add a rule')} onClose={onClose}>
            <form class="form" onSubmit={submit}>
                <label class="field"><span>{t('Name')}</span>
                    <input type="text" required maxLength={64} value={name} onInput={(e) => setName(e.currentTarget.value)} /></label>
                <label class="field"><span>{t('Threats, patterns like network.*')}</span>
                    <input type="text" value={threats} placeholder={t('Any')} onInput={(e) => setThreats(e.currentTarget.value)} /></label>
                <label class="field"><span>{t('Severity, this or worse')}</span>
                    <select value={severity} onChange={(e) => setSeverity(e.currentTarget.value as Severity)}>
                        {SEVERITIES.map((s) => <option key={s} value={s}>{codeName(s)}</option>)}
                    </select></label>
                <label class="field"><span>{t('Groups')}</span>
                    <input type="text" value={groups} placeholder={t('All')} onInput={(e) => setGroups(e.currentTarget.value)} /></label>
                <label class="field"><span>{t('Letters to')}</span>
                    <input type="text" value={mail} placeholder={'soc@example.org'} onInput={(e) => setMail(e.currentTarget.value)} /></label>
                {hooks.map((h) => (
                    <label key={h} class="check"><input type="checkbox" checked={webhooks.includes(h)}
                        onChange={(e) => setWebhooks(e.currentTarget.checked ? [...webhooks, h] : webhooks.filter((x) => x !== h))} />
                        <span>{t('Call the webhook {name}', { name: h })}</span></label>
                ))}
                <label class="field"><span>{t('How often')}</span>
                    <select value={when} onChange={(e) => setWhen(e.currentTarget.value)}>
                        {Object.entries(WHEN).map(([id, text]) => <option key={id} value={id}>{text}</option>)}
                    </select></label>
                {error && <ProblemBox error={error} />}
                <button type="submit" class="button primary">{t('Save')}</button>
            </form>
        </Dialog>
    );
}

const ruleColumns = (edit: (rule: Rule) => void, remove: (rule: Rule) => Promise<void>): Column<Rule>[] => [
    { id: 'name', head: t('Rule'), kind: 'main', cell: (r) => <><strong>{r.name}</strong><span class="sub">{few(r.threats, t('any threat'))}</span></> },
    { id: 'severity', head: t('From'), cell: (r) => codeName(r.severity ?? 'info') },
    { id: 'groups', head: t('Groups'), cell: (r) => few(r.groups, t('All')) },
    { id: 'to', head: t('Tells'), cell: (r) => <span class="breakable">{few([...(r.mail ?? []), ...(r.webhooks ?? []).map((h) => t('webhook {name}', { name: h }))], '')}</span> },
    { id: 'when', head: t('How often'), cell: (r) => WHEN[r.when ?? 'now'] ?? r.when ?? '' },
    ...(may('policy') ? [{
        id: 'change', head: t('Change'), cell: (r: Rule) => (
            <>
                <button type="button" class="button small" aria-label={t('Change the rule {name}', { name: r.name })} onClick={() => edit(r)}>{t('Change')}</button>{' '}
                <ConfirmButton name={t('the rule {name}', { name: r.name })} act={() => remove(r)} />
            </>
        ),
    }] : []),
];

function Rules({ of, hooks, onSaved }: { of: Communication; hooks: string[]; onSaved: () => void }): JSX.Element {
    const [open, setOpen] = useState<{ rule: Rule | null } | null>(null);
    const [error, setError] = useState<ApiError | null>(null);
    const rules = of.communication.rules ?? [];
    const save = async (content: Content): Promise<void> => {
        await put('/communication', content, { replaces: String(of.version) });
        setOpen(null);
        toast(t('Saved'));
        onSaved();
    };
    const keep = (rule: Rule): Promise<void> => {
        const before = open?.rule ?? null;
        return save({ ...of.communication, rules: before ? rules.map((r) => r === before ? rule : r) : [...rules, rule] });
    };
    const userMail = (on: boolean): void => {
        setError(null);
        save({ ...of.communication, user_mail: on }).catch((e: unknown) => setError(asApiError(e)));
    };
    return (
        <Card title={t('Who is told')}>
            <p>{t('The policy decides that administrators are told; these rules decide who, by which way and how often.')}</p>
            <label class="check"><input type="checkbox" checked={of.communication.user_mail ?? false} disabled={!may('policy')}
                onChange={(e) => userMail(e.currentTarget.checked)} /><span>{t('People get a copy of their alerts by mail')}</span></label>
            {error && <ProblemBox error={error} />}
            {rules.length === 0
                ? <Empty icon="people" title={t('Nobody is told yet')}><p>{t('A rule sends letters or calls a webhook when a policy wants administrators to know.')}</p></Empty>
                : <Table caption={t('Alert rules')} columns={ruleColumns((rule) => setOpen({ rule }), (rule) => save({ ...of.communication, rules: rules.filter((r) => r !== rule) }))}
                    rows={rules} keyOf={(r) => r.name} />}
            {may('policy') && <button type="button" class="button" onClick={() => setOpen({ rule: null })}>{t('Add a rule')}</button>}
            {open && <RuleForm rule={open.rule} hooks={hooks} onSave={keep} onClose={() => setOpen(null)} />}
        </Card>
    );
}

function TestForm({ channel, onClose }: { channel: Channel; onClose: () => void }): JSX.Element {
    const [to, setTo] = useState('');
    const [error, setError] = useState<ApiError | null>(null);
    const submit = (event: Event): void => {
        event.preventDefault();
        setError(null);
        post(`/channels/${seg(channel.name)}/test`, channel.kind === 'mail' ? { to: to.trim() } : {}).then(() => {
            toast(t('A test is on its way'));
            onClose();
        }, (e: unknown) => setError(asApiError(e)));
    };
    return (
        <Dialog title={t('Test {name}', { name: channel.name })} onClose={onClose}>
            <form class="form" onSubmit={submit}>
                {channel.kind === 'mail' && (
                    <label class="field"><span>{t('A test letter goes to')}</span>
                        <input type="email" required value={to} onInput={(e) => setTo(e.currentTarget.value)} /></label>
                )}
                {channel.kind !== 'mail' && <p>{rich('A message that says that it is a test goes to {address}.', { address: <span class="breakable">{channel.address}</span> })}</p>}
                {error && <ProblemBox error={error} />}
                <button type="submit" class="button primary">{t('Send the test')}</button>
            </form>
        </Dialog>
    );
}

const channelColumns = (test: (channel: Channel) => void): Column<Channel>[] => [
    { id: 'name', head: t('Way'), kind: 'main', cell: (c) => <><strong>{c.name}</strong><span class="sub breakable">{KIND[c.kind]}, {c.address}</span></> },
    { id: 'state', head: t('State'), cell: (c) => c.last_error ? <><Badge tone="high">{t('Failing')}</Badge> <span class="breakable">{c.last_error}</span></>
        : <Badge tone={c.last_ok_at ? 'ok' : 'info'}>{c.last_ok_at ? t('Works') : t('Not used yet')}</Badge> },
    { id: 'pending', head: t('Waiting'), kind: 'number', cell: (c) => String(c.pending) },
    { id: 'last', head: t('Last sent'), cell: (c) => <Ago at={c.last_ok_at} /> },
    ...(may('own') ? [{
        id: 'test', head: t('Test'), cell: (c: Channel) => c.can_test
            ? <button type="button" class="button small" aria-label={t('Test {name}', { name: c.name })} onClick={() => test(c)}>{t('Test')}</button> : null,
    }] : []),
];

export function CommunicationPage(): JSX.Element {
    const [test, setTest] = useState<Channel | null>(null);
    const rules = useResource<Communication>('communication', (signal) => get<Communication>('/communication', { signal }), (e) => e.type === 'audit');
    const channels = useResource<{ items: Channel[] }>('channels', (signal) => get<{ items: Channel[] }>('/channels', { signal }), () => true);
    const hooks = (channels.data?.items ?? []).filter((c) => c.kind === 'hook').map((c) => c.name);
    return (
        <>
            <PageHead title={t('Communication')} note={t('Who is told of what, and by which way')} />
            <ResourceView of={rules} lines={4}>
                {(data) => <Rules of={data} hooks={hooks} onSaved={rules.reload} />}
            </ResourceView>
            <ResourceView of={channels} lines={3}>
                {({ items }) => (
                    <Card title={t('Ways out')}>
                        {items.length === 0
                            ? <Empty icon="system" title={t('No way out is set')}><p>{t("Mail, webhooks, the SOC and push stand in the server's settings.")}</p></Empty>
                            : <Table caption={t('Ways out')} columns={channelColumns(setTest)} rows={items} keyOf={(c) => `${c.kind} ${c.name}`} />}
                    </Card>
                )}
            </ResourceView>
            {test && <TestForm channel={test} onClose={() => { setTest(null); channels.reload(); }} />}
        </>
    );
}
