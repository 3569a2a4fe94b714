// policydraft.tsx - a draft: checked as it is written, rehearsed on what happened, then put into force.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ApiError } from '../api/client';
import { get, post, put } from '../api/client';
import type { Policy, PolicyCheck, Rehearsal, RehearsalPair, RehearsedRule } from '../api/policytypes';
import { asApiError, useResource } from '../app/resource';
import { session } from '../app/session';
import { number, t, tn } from '../app/words';
import { Card, ProblemBox, ResourceView } from '../ui/basics';
import { ReasonDialog } from '../ui/dialog';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { toast } from '../ui/toast';

const CHECK_MS = 500;
const DAYS = [1, 7, 14, 30];

// Writing policies is a right of two roles; the server checks it anyway.
export const writesPolicies = (): boolean => ['policy', 'owner', 'admin'].includes(session.get()?.user.role ?? '');

// The last draft stays while one looks at other pages.
let kept: { text: string; version: number } | null = null;

const figure = (n: number): string => number(n, { maximumFractionDigits: 2 });

interface Row {
    what: string;
    of: (r: Rehearsal) => number;
}

const ROWS: Row[] = [
    { what: t('Devices that it does anything for'), of: (r) => r.touched },
    { what: t('Alerts'), of: (r) => r.alerts },
    { what: t('Reminders'), of: (r) => r.reminders },
    { what: t('Alerts a user and week'), of: (r) => r.alerts_per_user_week },
    { what: t('Most for one user in a week'), of: (r) => r.alerts_most_in_a_week },
    { what: t('Users alerted at all'), of: (r) => r.users_alerted },
    { what: t('Merged into an earlier alert'), of: (r) => r.merged },
    { what: t('Held back by night or budget'), of: (r) => r.held },
    { what: t('Hours without mail'), of: (r) => r.measures.block_mail.hours },
    { what: t('Devices without mail'), of: (r) => r.measures.block_mail.devices },
    { what: t('Hours out of the VPN'), of: (r) => r.measures.block_vpn.hours },
    { what: t('Devices out of the VPN'), of: (r) => r.measures.block_vpn.devices },
    { what: t('Hours without sign-on'), of: (r) => r.measures.block_access.hours },
    { what: t('Devices without sign-on'), of: (r) => r.measures.block_access.devices },
    { what: t('Administrators told'), of: (r) => r.admins },
    { what: t('Events for the SOC'), of: (r) => r.siem },
];

const RULES: Column<RehearsedRule>[] = [
    { id: 'name', head: t('Rule'), kind: 'main', cell: (r) => <>{r.name} {r.detect && <span class="badge tone-info">{t('on trial')}</span>}</> },
    { id: 'devices', head: t('Devices'), kind: 'number', cell: (r) => r.devices },
    { id: 'alerts', head: t('Alerts'), kind: 'number', cell: (r) => r.alerts },
    { id: 'reminders', head: t('Reminders'), kind: 'number', cell: (r) => r.reminders },
    { id: 'merged', head: t('Merged'), kind: 'number', cell: (r) => r.merged },
    { id: 'held', head: t('Held'), kind: 'number', cell: (r) => r.held },
    { id: 'measures', head: t('Measures'), kind: 'number', cell: (r) => r.measures },
    { id: 'siem', head: 'SOC', kind: 'number', cell: (r) => r.siem },
];

function Rehearsed({ of }: { of: RehearsalPair }): JSX.Element {
    const columns: Column<Row>[] = [
        { id: 'what', head: t('In the last days it would have meant'), kind: 'main', cell: (r) => r.what },
        { id: 'draft', head: t('Draft'), kind: 'number', cell: (r) => <strong>{figure(r.of(of.draft))}</strong> },
        { id: 'now', head: t('In force'), kind: 'number', cell: (r) => of.in_force ? figure(r.of(of.in_force)) : '' },
    ];
    const rows = ROWS.filter((r) => r.of(of.draft) > 0 || (of.in_force && r.of(of.in_force) > 0));
    return (
        <>
            <Card title={t('Rehearsal')} note={t('{days}, {devices}; played on what really happened', { days: tn('{n} day', '{n} days', of.days), devices: tn('{n} device', '{n} devices', of.draft.devices) })}>
                <Table caption={t('Draft beside what is in force')} columns={columns} rows={rows.length > 0 ? rows : ROWS.slice(0, 2)} keyOf={(r) => r.what} />
            </Card>
            <Card title={t('Rule by rule')}>
                <Table caption={t('Rules of the draft')} columns={RULES} rows={of.draft.rules} keyOf={(r) => r.name} />
            </Card>
        </>
    );
}

// What is wrong, shortly after the last key.
function useCheck(text: string): PolicyCheck | null {
    const [check, setCheck] = useState<PolicyCheck | null>(null);
    useEffect(() => {
        let here = true;
        const timer = setTimeout(() => {
            post<PolicyCheck>('/policy/check', { text }).then((got) => here && setCheck(got), () => here && setCheck(null));
        }, CHECK_MS);
        return () => {
            here = false;
            clearTimeout(timer);
        };
    }, [text]);
    return check;
}

function Verdict({ check }: { check: PolicyCheck | null }): JSX.Element {
    return (
        <p class={`note policy-verdict ${check && !check.good ? 'bad' : ''}`} role="status">
            {check === null ? t('Checking …') : check.good ? tn('A good policy: “{name}”, {n} rule', 'A good policy: “{name}”, {n} rules', check.rules?.length ?? 0, { name: check.name ?? '' }) : check.error}
        </p>
    );
}

function Editor({ policy }: { policy: Policy }): JSX.Element {
    const [text, setText] = useState(kept?.version === policy.version ? kept.text : policy.text);
    const [days, setDays] = useState(7);
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState<ApiError | null>(null);
    const [result, setResult] = useState<RehearsalPair | null>(null);
    const [putting, setPutting] = useState(false);
    const check = useCheck(text);
    const changed = text !== policy.text;
    const mine = writesPolicies();
    useEffect(() => {
        kept = { text, version: policy.version };
    }, [text, policy.version]);
    const rehearse = (): void => {
        setBusy(true);
        setError(null);
        post<RehearsalPair>('/policy/rehearse', { text, days }).then(setResult, (e: unknown) => setError(asApiError(e)))
            .finally(() => setBusy(false));
    };
    const save = async (note: string): Promise<void> => {
        const done = await put<Policy>('/policy', { text, note, replaces: policy.version });
        kept = null;
        toast(t('Version {n} is in force', { n: done.version }));
        location.hash = '#/policies';
    };
    return (
        <>
            <Card title={t('Draft')} note={changed ? t('differs from what is in force') : t('the same as what is in force')}>
                <div class="form">
                    <label class="field"><span>{t('The policy, YAML')}</span>
                        <textarea class="mono rules-text" rows={26} spellcheck={false} readOnly={!mine} value={text}
                            onInput={(e) => setText(e.currentTarget.value)} /></label>
                    <Verdict check={check} />
                    {error && <ProblemBox error={error} />}
                    {policy.source === 'file' && <p class="note">{t('The settings name a policy file: a draft can be rehearsed here, and put into force only there.')}</p>}
                    <div class="form-end">
                        <label class="field inline"><span>{t('Look back')}</span>
                            <select value={days} onChange={(e) => setDays(Number(e.currentTarget.value))}>
                                {DAYS.map((d) => <option key={d} value={d}>{tn('{n} day', '{n} days', d)}</option>)}
                            </select></label>
                        <button type="button" class="button" disabled={busy || !mine || check?.good === false} onClick={rehearse}>
                            {busy ? t('Rehearsing …') : t('Rehearse')}</button>
                        {changed && <button type="button" class="button" onClick={() => setText(policy.text)}>{t('Start again')}</button>}
                        <button type="button" class="button primary" disabled={!mine || !changed || check?.good !== true || policy.source === 'file'}
                            onClick={() => setPutting(true)}>{t('Put into force …')}</button>
                    </div>
                </div>
            </Card>
            {result && <Rehearsed of={result} />}
            {putting && (
                <ReasonDialog title={t('Put this policy into force?')} confirm={t('Put into force')} placeholder={t('What it is for; it stands in the audit')}
                    text={<p>{t('Every device follows it within seconds.')} {result === null && <strong>{t('It has not been rehearsed yet.')}</strong>}</p>}
                    onClose={() => setPutting(false)} act={save} />
            )}
        </>
    );
}

export function PolicyDraft(): JSX.Element {
    const policy = useResource<Policy>('policy', (signal) => get('/policy', { signal }));
    return <ResourceView of={policy} lines={12}>{(p) => <Editor policy={p} />}</ResourceView>;
}
