// policydraft.tsx - a draft: checked as it is written, rehearsed on what happened, then put into force.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ApiError } from '../api/client';
import { get, post, put } from '../api/client';
import type { Policy, PolicyCheck, Rehearsal, RehearsalPair, RehearsedRule } from '../api/policytypes';
import { asApiError, useResource } from '../app/resource';
import { session } from '../app/session';
import { Card, ProblemBox, ResourceView } from '../ui/basics';
import { ReasonDialog } from '../ui/dialog';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { toast } from '../ui/toast';
import { plural } from '../ui/words';

const CHECK_MS = 500;
const DAYS = [1, 7, 14, 30];

// Writing policies is a right of two roles; the server checks it anyway.
export const writesPolicies = (): boolean => ['policy', 'owner', 'admin'].includes(session.get()?.user.role ?? '');

// The last draft stays while one looks at other pages.
let kept: { text: string; version: number } | null = null;

const number = (n: number): string => n.toLocaleString('en', { maximumFractionDigits: 2 });

interface Row {
    what: string;
    of: (r: Rehearsal) => number;
}

const ROWS: Row[] = [
    { what: 'Devices that it does anything for', of: (r) => r.touched },
    { what: 'Alerts', of: (r) => r.alerts },
    { what: 'Reminders', of: (r) => r.reminders },
    { what: 'Alerts a user and week', of: (r) => r.alerts_per_user_week },
    { what: 'Most for one user in a week', of: (r) => r.alerts_most_in_a_week },
    { what: 'Users alerted at all', of: (r) => r.users_alerted },
    { what: 'Merged into an earlier alert', of: (r) => r.merged },
    { what: 'Held back by night or budget', of: (r) => r.held },
    { what: 'Hours without mail', of: (r) => r.measures.block_mail.hours },
    { what: 'Devices without mail', of: (r) => r.measures.block_mail.devices },
    { what: 'Hours out of the VPN', of: (r) => r.measures.block_vpn.hours },
    { what: 'Devices out of the VPN', of: (r) => r.measures.block_vpn.devices },
    { what: 'Hours without sign-on', of: (r) => r.measures.block_access.hours },
    { what: 'Devices without sign-on', of: (r) => r.measures.block_access.devices },
    { what: 'Administrators told', of: (r) => r.admins },
    { what: 'Events for the SOC', of: (r) => r.siem },
];

const RULES: Column<RehearsedRule>[] = [
    { id: 'name', head: 'Rule', kind: 'main', cell: (r) => <>{r.name} {r.detect && <span class="badge tone-info">on trial</span>}</> },
    { id: 'devices', head: 'Devices', kind: 'number', cell: (r) => r.devices },
    { id: 'alerts', head: 'Alerts', kind: 'number', cell: (r) => r.alerts },
    { id: 'reminders', head: 'Reminders', kind: 'number', cell: (r) => r.reminders },
    { id: 'merged', head: 'Merged', kind: 'number', cell: (r) => r.merged },
    { id: 'held', head: 'Held', kind: 'number', cell: (r) => r.held },
    { id: 'measures', head: 'Measures', kind: 'number', cell: (r) => r.measures },
    { id: 'siem', head: 'SOC', kind: 'number', cell: (r) => r.siem },
];

function Rehearsed({ of }: { of: RehearsalPair }): JSX.Element {
    const columns: Column<Row>[] = [
        { id: 'what', head: 'In the last days it would have meant', kind: 'main', cell: (r) => r.what },
        { id: 'draft', head: 'Draft', kind: 'number', cell: (r) => <strong>{number(r.of(of.draft))}</strong> },
        { id: 'now', head: 'In force', kind: 'number', cell: (r) => of.in_force ? number(r.of(of.in_force)) : '' },
    ];
    const rows = ROWS.filter((r) => r.of(of.draft) > 0 || (of.in_force && r.of(of.in_force) > 0));
    return (
        <>
            <Card title="Rehearsal" note={`${plural(of.days, 'day')}, ${plural(of.draft.devices, 'device')}; played on what really happened`}>
                <Table caption="Draft beside what is in force" columns={columns} rows={rows.length > 0 ? rows : ROWS.slice(0, 2)} keyOf={(r) => r.what} />
            </Card>
            <Card title="Rule by rule">
                <Table caption="Rules of the draft" columns={RULES} rows={of.draft.rules} keyOf={(r) => r.name} />
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
            {check === null ? 'Checking …' : check.good ? `A good policy: “${check.name ?? ''}”, ${plural(check.rules?.length ?? 0, 'rule')}` : check.error}
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
        toast(`Version ${done.version} is in force`);
        location.hash = '#/policies';
    };
    return (
        <>
            <Card title="Draft" note={changed ? 'differs from what is in force' : 'the same as what is in force'}>
                <div class="form">
                    <label class="field"><span>The policy, YAML</span>
                        <textarea class="mono rules-text" rows={26} spellcheck={false} readOnly={!mine} value={text}
                            onInput={(e) => setText(e.currentTarget.value)} /></label>
                    <Verdict check={check} />
                    {error && <ProblemBox error={error} />}
                    {policy.source === 'file' && <p class="note">The settings name a policy file: a draft can be rehearsed here, and put into force only there.</p>}
                    <div class="form-end">
                        <label class="field inline"><span>Look back</span>
                            <select value={days} onChange={(e) => setDays(Number(e.currentTarget.value))}>
                                {DAYS.map((d) => <option key={d} value={d}>{plural(d, 'day')}</option>)}
                            </select></label>
                        <button type="button" class="button" disabled={busy || !mine || check?.good === false} onClick={rehearse}>
                            {busy ? 'Rehearsing …' : 'Rehearse'}</button>
                        {changed && <button type="button" class="button" onClick={() => setText(policy.text)}>Start again</button>}
                        <button type="button" class="button primary" disabled={!mine || !changed || check?.good !== true || policy.source === 'file'}
                            onClick={() => setPutting(true)}>Put into force …</button>
                    </div>
                </div>
            </Card>
            {result && <Rehearsed of={result} />}
            {putting && (
                <ReasonDialog title="Put this policy into force?" confirm="Put into force" placeholder="What it is for; it stands in the audit"
                    text={<p>Every device follows it within seconds. {result === null && <strong>It has not been rehearsed yet.</strong>}</p>}
                    onClose={() => setPutting(false)} act={save} />
            )}
        </>
    );
}

export function PolicyDraft(): JSX.Element {
    const policy = useResource<Policy>('policy', (signal) => get('/policy', { signal }));
    return <ResourceView of={policy} lines={12}>{(p) => <Editor policy={p} />}</ResourceView>;
}
