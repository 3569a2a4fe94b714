// audit.tsx - who did what, newest first.
import type { JSX } from 'preact';
import type { AuditEntry, Json } from '../api/types';
import { may } from '../app/session';
import { Empty, PageHead, ResourceView } from '../ui/basics';
import { ExportButton } from '../ui/export';
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

const COLUMNS: Column<AuditEntry>[] = [
    { id: 'act', head: 'Act', kind: 'main', cell: (a) => <span class="mono">{a.act}</span> },
    { id: 'actor', head: 'By', cell: (a) => a.actor },
    { id: 'target', head: 'On', cell: (a) => <span class="breakable">{a.target ?? ''}</span> },
    { id: 'detail', head: 'Detail', cell: (a) => <span class="breakable">{detail(a.detail)}</span> },
    { id: 'at', head: 'When', cell: (a) => <Exact at={a.at} /> },
];

const CSV_HEAD = ['id', 'at', 'actor', 'act', 'target', 'detail'];

const csvRow = (a: AuditEntry): (string | null)[] => [a.id, a.at, a.actor, a.act, a.target, detail(a.detail)];

export function AuditPage(): JSX.Element {
    return (
        <>
            <PageHead title="Audit" note="Sign-ins, enrolments, decisions and looks at personal fields." />
            {may('privacy') ? <Acts />
                : <Empty icon="lock" title="Only for administrators"><p>Your role may not see the audit.</p></Empty>}
        </>
    );
}

function Acts(): JSX.Element {
    const list = useList<AuditEntry>('/audit', {}, (e) => e.type === 'audit');
    return (
        <ResourceView of={list}>
            {(page) => page.items.length === 0 ? (
                <Empty icon="system" title="Nothing recorded yet"><p>Sign-ins, enrolments and decisions are written down here.</p></Empty>
            ) : (
                <section class="card flush" aria-label="Who did what">
                    <header class="card-head">
                        <h2>Who did what</h2>
                        <span class="card-action">
                            <ExportButton path="/audit" query={{}} name="audit" head={CSV_HEAD} row={csvRow} />
                        </span>
                    </header>
                    <Table caption="Audit" columns={COLUMNS} rows={page.items} keyOf={(a) => a.id} />
                    <More shown={page.items.length} total={page.total} more={page.next_cursor !== null}
                        loading={list.loading} onMore={list.more} />
                </section>
            )}
        </ResourceView>
    );
}
