// enrolment.tsx - tokens that let devices in: make one, show it once, list, take back.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { del, seg } from '../api/client';
import type { Enrolment, NewEnrolment } from '../api/types';
import { may } from '../app/session';
import { Badge } from '../ui/badge';
import { Empty, PageHead, ResourceView } from '../ui/basics';
import { ConfirmButton } from '../ui/confirm';
import { useList } from '../ui/list';
import type { Column } from '../ui/table';
import { More, Table } from '../ui/table';
import { Ago } from '../ui/time';
import { EnrolForm } from './enrolform';
import { EnrolCard } from './enrolcard';

function usable(e: Enrolment): JSX.Element {
    if (e.uses_left <= 0) {
        return <Badge tone="info">Used up</Badge>;
    }
    return Date.parse(e.expires_at) < Date.now() ? <Badge tone="info">Expired</Badge> : <Badge tone="ok">Ready</Badge>;
}

function columns(onDelete: (id: string) => Promise<void>): Column<Enrolment>[] {
    return [
        {
            id: 'label', head: 'Label', kind: 'main',
            cell: (e) => <>{e.label || 'No label'}<span class="sub">group {e.group}</span></>,
        },
        { id: 'state', head: 'State', cell: usable },
        { id: 'uses', head: 'Uses left', kind: 'number', cell: (e) => `${e.uses_left} of ${e.uses}` },
        { id: 'expires', head: 'Expires', cell: (e) => <Ago at={e.expires_at} /> },
        { id: 'by', head: 'Made by', kind: 'side', cell: (e) => e.created_by },
        { id: 'created', head: 'Made', kind: 'side', cell: (e) => <Ago at={e.created_at} /> },
        {
            id: 'delete', head: 'Delete',
            cell: (e) => <ConfirmButton name={`the token ${e.label || e.id}`} act={() => onDelete(e.id)} />,
        },
    ];
}

export function EnrolmentPage(): JSX.Element {
    return may('own') ? <Enrolments /> : (
        <>
            <PageHead title="Enrolment" />
            <Empty icon="lock" title="Only administrators enrol devices">
                <p>Ask an administrator for an enrolment token, or for another role.</p>
            </Empty>
        </>
    );
}

function Enrolments(): JSX.Element {
    const [fresh, setFresh] = useState<NewEnrolment | null>(null);
    const list = useList<Enrolment>('/enrollments', {}, (e) => e.type === 'device.enrolled' || e.type === 'audit');
    const remove = async (id: string): Promise<void> => {
        await del(`/enrollments/${seg(id)}`);
        setFresh((now) => now?.id === id ? null : now);
        list.reload();
    };
    return (
        <>
            <PageHead title="Enrolment" note="A device joins with a one-time token, and from then on proves itself with its own certificate." />
            {fresh
                ? <EnrolCard of={fresh} onClose={() => setFresh(null)} />
                : <EnrolForm onMade={(made) => {
                    setFresh(made);
                    list.reload();
                }} />}
            <ResourceView of={list} lines={3}>
                {(page) => page.items.length === 0 ? (
                    <Empty icon="enrol" title="No tokens">
                        <p>Make one above. Its secret is shown once; what stays here is only who made it and how often it was used.</p>
                    </Empty>
                ) : (
                    <section class="card flush" aria-label="Tokens">
                        <header class="card-head"><h2>Tokens</h2></header>
                        <Table caption="Enrolment tokens" columns={columns(remove)} rows={page.items} keyOf={(e) => e.id} />
                        <More shown={page.items.length} total={page.total} more={page.next_cursor !== null}
                            loading={list.loading} onMore={list.more} />
                    </section>
                )}
            </ResourceView>
        </>
    );
}
