// reportplans.tsx - reports that are sent by mail: to whom, how often, and whether the last one went.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ApiError } from '../api/client';
import { del, get, post, seg } from '../api/client';
import { asApiError, useResource } from '../app/resource';
import { may } from '../app/session';
import { t } from '../app/words';
import { Badge } from '../ui/badge';
import { Card, Empty, ProblemBox, ResourceView } from '../ui/basics';
import { codeName } from '../ui/codes';
import { ConfirmButton } from '../ui/confirm';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { Ago } from '../ui/time';

interface Plan {
    id: string;
    kind: string;
    group: string;
    every: string;
    recipients: string[];
    next_at: string;
    last_at: string | null;
    error: string | null;
}

const EVERY = ['daily', 'weekly', 'monthly'];
const KINDS: Record<string, string> = { security: t('State of security'), actions: t('Recommended actions'), compliance: t('Compliance') };

// Addresses apart by commas, semicolons or white space.
export const addresses = (text: string): string[] => text.split(/[\s,;]+/).filter((a) => a !== '');

function Form({ onMade }: { onMade: () => void }): JSX.Element {
    const [kind, setKind] = useState('security');
    const [every, setEvery] = useState('weekly');
    const [group, setGroup] = useState('');
    const [to, setTo] = useState('');
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState<ApiError | null>(null);
    const submit = (event: Event): void => {
        event.preventDefault();
        setBusy(true);
        setError(null);
        post('/report-plans', { kind, every, group: group.trim(), recipients: addresses(to) }).then(() => {
            setTo('');
            onMade();
        }, (e: unknown) => setError(asApiError(e))).finally(() => setBusy(false));
    };
    return (
        <Card title={t('Send a report by mail')}>
            <form class="form form-row" onSubmit={submit}>
                <label class="field"><span>{t('Report')}</span>
                    <select value={kind} onChange={(e) => setKind(e.currentTarget.value)}>
                        {Object.entries(KINDS).map(([id, name]) => <option key={id} value={id}>{name}</option>)}
                    </select></label>
                <label class="field"><span>{t('How often')}</span>
                    <select value={every} onChange={(e) => setEvery(e.currentTarget.value)}>
                        {EVERY.map((id) => <option key={id} value={id}>{codeName(id)}</option>)}
                    </select></label>
                <label class="field"><span>{t('Group')}</span>
                    <input type="text" maxLength={64} value={group} placeholder={t('All')} onInput={(e) => setGroup(e.currentTarget.value)} /></label>
                <label class="field grow"><span>{t('To')}</span>
                    <input type="text" required value={to} placeholder={'anna@example.org, ben@example.org'} onInput={(e) => setTo(e.currentTarget.value)} /></label>
                <button type="submit" class="button primary" disabled={busy}>{busy ? t('Working …') : t('Send from now on')}</button>
            </form>
            {error && <ProblemBox error={error} />}
        </Card>
    );
}

// For the name of a button.
const THIS: Record<string, string> = { daily: t('the daily report'), weekly: t('the weekly report'), monthly: t('the monthly report') };

const columns = (remove: (id: string) => Promise<void>): Column<Plan>[] => [
    { id: 'kind', head: t('Report'), kind: 'main', cell: (p) => <><strong>{KINDS[p.kind] ?? p.kind}</strong><span class="sub">{p.group || t('all groups')}</span></> },
    { id: 'every', head: t('How often'), cell: (p) => codeName(p.every) },
    { id: 'to', head: t('To'), cell: (p) => <span class="breakable">{p.recipients.join(', ')}</span> },
    { id: 'next', head: t('Next'), cell: (p) => <Ago at={p.next_at} /> },
    { id: 'last', head: t('Last'), cell: (p) => p.error ? <Badge tone="high">{p.error}</Badge> : <Ago at={p.last_at} /> },
    { id: 'delete', head: t('Delete'), cell: (p) => <ConfirmButton name={THIS[p.every] ?? t('the report')} act={() => remove(p.id)} /> },
];

export function PlansPart(): JSX.Element {
    return may('own') ? <Plans /> : (
        <Empty icon="lock" title={t('Not for your role')}><p>{t('Owners decide who gets reports by mail.')}</p></Empty>
    );
}

function Plans(): JSX.Element {
    const one = useResource<{ items: Plan[] }>('report/plans', (signal) => get<{ items: Plan[] }>('/report-plans', { signal }), (e) => e.type === 'audit');
    const remove = async (id: string): Promise<void> => {
        await del(`/report-plans/${seg(id)}`);
        one.reload();
    };
    return (
        <>
            <Form onMade={one.reload} />
            <ResourceView of={one} lines={3}>
                {({ items }) => items.length === 0 ? (
                    <Empty icon="report" title={t('No report is sent by mail')}><p>{t('A report can go out every day, week or month to whoever should read it.')}</p></Empty>
                ) : <div class="card flush"><Table caption={t('Reports sent by mail')} columns={columns(remove)} rows={items} keyOf={(p) => p.id} /></div>}
            </ResourceView>
        </>
    );
}
