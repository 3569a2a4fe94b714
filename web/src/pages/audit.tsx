// audit.tsx - who did what, newest first; what a change changed; to take along as CSV.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Filter } from '../api/filter';
import { formatFilter, parseFilter, sameValues, withValues } from '../api/filter';
import type { AuditEntry, Json } from '../api/types';
import { deviceHref, href } from '../app/address';
import { replace } from '../app/router';
import { may } from '../app/session';
import { t, tn } from '../app/words';
import { Empty, PageHead, ResourceView } from '../ui/basics';
import { Dialog } from '../ui/dialog';
import { diffLines } from '../ui/diff';
import { ExportButton } from '../ui/export';
import { Search, Segments } from '../ui/filterbar';
import { useList } from '../ui/list';
import type { Column } from '../ui/table';
import { More, Table } from '../ui/table';
import { Exact } from '../ui/time';

function detail(value: Json): string {
    if (value === null || typeof value !== 'object') {
        return value === null ? '' : String(value);
    }
    return Object.entries(value).map(([k, v]) => `${k}: ${typeof v === 'object' ? JSON.stringify(v) : String(v)}`).join(', ');
}

// Changes that carry both texts, or the number of the version that they made of a policy.
const textOf = (value: Json, key: string): string | null => {
    const at = value !== null && typeof value === 'object' && !Array.isArray(value) ? value[key] : undefined;
    return typeof at === 'string' ? at : at !== undefined && at !== null && typeof at === 'object' ? JSON.stringify(at, null, 2) : null;
};

function changeOf(a: AuditEntry): { before: string; after: string } | null {
    const before = textOf(a.detail, 'before');
    const after = textOf(a.detail, 'after');
    return before !== null || after !== null ? { before: before ?? '', after: after ?? '' } : null;
}

function Diff({ entry, onClose }: { entry: AuditEntry; onClose: () => void }): JSX.Element {
    const change = changeOf(entry) ?? { before: '', after: '' };
    return (
        <Dialog title={t('What {who} changed', { who: entry.actor })} onClose={onClose}>
            <ol class="diff" aria-label={t('Lines')}>
                {diffLines(change.before, change.after).map((l, n) => (
                    <li key={n} class={`diff-${l.kind}`}>
                        <span class="sr">{l.kind === 'added' ? t('added: ') : l.kind === 'removed' ? t('removed: ') : ''}</span>{l.text || ' '}
                    </li>
                ))}
            </ol>
        </Dialog>
    );
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

// A target that is a device leads to it; a policy's acts lead to its versions.
function target(a: AuditEntry): JSX.Element | string {
    const text = a.target ?? '';
    if (a.act.startsWith('device.') && UUID.test(text)) {
        return <a class="breakable" href={deviceHref(text)}>{text}</a>;
    }
    return a.act.startsWith('policy.') ? <a class="breakable" href="#/policies">{text || t('Policies')}</a> : <span class="breakable">{text}</span>;
}

const only = (field: string, value: string): string => href(['audit'], { filter: formatFilter({ [field]: [value] }) });

const columns = (open: (entry: AuditEntry) => void): Column<AuditEntry>[] => [
    { id: 'act', head: t('Act'), kind: 'main', cell: (a) => <a class="mono" href={only('act', a.act)} aria-label={t('Only {what}', { what: a.act })}>{a.act}</a> },
    { id: 'actor', head: t('By'), cell: (a) => <a href={only('actor', a.actor)} aria-label={t('Only by {who}', { who: a.actor })}>{a.actor}</a> },
    { id: 'target', head: t('On'), cell: target },
    {
        id: 'detail', head: t('Detail'), cell: (a) => changeOf(a)
            ? <button type="button" class="button small" onClick={() => open(a)}>{t('See the change')}</button>
            : <span class="breakable">{detail(a.detail)}</span>,
    },
    { id: 'at', head: t('When'), cell: (a) => <Exact at={a.at} /> },
];

const CSV_HEAD = ['id', 'at', 'actor', 'act', 'target', 'detail'];

const csvRow = (a: AuditEntry): (string | null)[] => [a.id, a.at, a.actor, a.act, a.target, detail(a.detail)];

// The last days as the server counts them, in UTC.
export function lastDays(count: number, nowMs: number): string[] {
    return Array.from({ length: count }, (_, n) => new Date(nowMs - n * 86_400_000).toISOString().slice(0, 10));
}

const TIMES: { id: string; name: string; days: number }[] = [
    { id: 'all', name: t('Any time'), days: 0 }, { id: 'today', name: t('Today'), days: 1 }, { id: 'week', name: tn('{n} day', '{n} days', 7), days: 7 },
    { id: 'month', name: tn('{n} day', '{n} days', 30), days: 30 },
];

const CHIP = {
    actor: (value: string): string => t('By {value}', { value }),
    act: (value: string): string => t('Act {value}', { value }),
    target: (value: string): string => t('On {value}', { value }),
};

function Filters({ filter, onChange }: { filter: Filter; onChange: (next: Filter) => void }): JSX.Element {
    const set = (field: string, values: string[]): void => onChange(withValues(filter, field, values));
    return (
        <div class="filters">
            <Search value={filter['q']?.[0] ?? ''} label={t('Search the audit')} onChange={(text) => set('q', text ? [text] : [])} />
            <Segments label={t('Time')} options={TIMES}
                value={TIMES.find((time) => sameValues(filter['day'], lastDays(time.days, Date.now())))?.id ?? ''}
                onChange={(id) => set('day', lastDays(TIMES.find((time) => time.id === id)?.days ?? 0, Date.now()))} />
            {(['actor', 'act', 'target'] as const).filter((f) => filter[f]).map((f) => (
                <button key={f} type="button" class="chip" aria-pressed={true} onClick={() => set(f, [])}>
                    {CHIP[f](filter[f]?.join(', ') ?? '')} ×
                </button>
            ))}
        </div>
    );
}

export function AuditPage({ query }: { query: Record<string, string> }): JSX.Element {
    return may('privacy') ? <Acts query={query} /> : (
        <>
            <PageHead title={t('Audit')} />
            <Empty icon="lock" title={t('Not for your role')}><p>{t('The audit is for those who answer for privacy, and for owners.')}</p></Empty>
        </>
    );
}

function Acts({ query }: { query: Record<string, string> }): JSX.Element {
    const text = query['filter'] ?? '';
    const filter = parseFilter(text);
    const list = useList<AuditEntry>('/audit', { filter: text }, (e) => e.type === 'audit');
    const [open, setOpen] = useState<AuditEntry | null>(null);
    return (
        <>
            <PageHead title={t('Audit')} note={list.data ? tn('{n} act', '{n} acts', list.data.total) : t('Sign-ins, decisions, and looks at devices')}>
                <ExportButton path="/audit" query={{ filter: text }} name="audit" head={CSV_HEAD} row={csvRow} />
            </PageHead>
            <Filters filter={filter} onChange={(next) => replace(href(['audit'], { filter: formatFilter(next) }))} />
            <ResourceView of={list} lines={8}>
                {(page) => page.items.length === 0 ? (
                    <Empty icon="audit" title={text ? t('Nothing matches these filters') : t('Nothing recorded yet')}>
                        <p>{text ? <a href="#/audit">{t('Show everything')}</a> : t('Sign-ins, enrolments and decisions are written down here.')}</p>
                    </Empty>
                ) : (
                    <div class="card flush">
                        <Table caption={t('Audit')} columns={columns(setOpen)} rows={page.items} keyOf={(a) => a.id} />
                        <More shown={page.items.length} total={page.total} more={page.next_cursor !== null}
                            loading={list.loading} onMore={list.more} />
                    </div>
                )}
            </ResourceView>
            {open && <Diff entry={open} onClose={() => setOpen(null)} />}
        </>
    );
}
