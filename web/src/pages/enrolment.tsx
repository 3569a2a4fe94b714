// enrolment.tsx - tokens that let devices in: make one, show it once, list, take back.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { del, seg } from '../api/client';
import type { Enrolment, NewEnrolment } from '../api/types';
import { may } from '../app/session';
import { t } from '../app/words';
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
        return <Badge tone="info">{t('Used up')}</Badge>;
    }
    return Date.parse(e.expires_at) < Date.now() ? <Badge tone="info">{t('Expired')}</Badge> : <Badge tone="ok">{t('Ready')}</Badge>;
}

function columns(onDelete: (id: string) => Promise<void>): Column<Enrolment>[] {
    return [
        {
            id: 'label', head: t('Label'), kind: 'main',
            cell: (e) => <>{e.label || t('No label')}<span class="sub">{t('group {name}', { name: e.group })}</span></>,
        },
        { id: 'state', head: t('State'), cell: usable },
        { id: 'uses', head: t('Uses left'), kind: 'number', cell: (e) => t('{n} of {all}', { n: e.uses_left, all: e.uses }) },
        { id: 'expires', head: t('Expires'), cell: (e) => <Ago at={e.expires_at} /> },
        { id: 'by', head: t('Made by'), kind: 'side', cell: (e) => e.created_by },
        { id: 'created', head: t('Made'), kind: 'side', cell: (e) => <Ago at={e.created_at} /> },
        {
            id: 'delete', head: t('Delete'),
            cell: (e) => <ConfirmButton name={t('the token {name}', { name: e.label || e.id })} act={() => onDelete(e.id)} />,
        },
    ];
}

export function EnrolmentPage(): JSX.Element {
    return may('own') ? <Enrolments /> : (
        <>
            <PageHead title={t('Enrolment')} />
            <Empty icon="lock" title={t('Only administrators enrol devices')}>
                <p>{t('Ask an administrator for an enrolment token, or for another role.')}</p>
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
            <PageHead title={t('Enrolment')} note={t('A device joins with a one-time token, and from then on proves itself with its own certificate.')} />
            {fresh
                ? <EnrolCard of={fresh} onClose={() => setFresh(null)} />
                : <EnrolForm onMade={(made) => {
                    setFresh(made);
                    list.reload();
                }} />}
            <ResourceView of={list} lines={3}>
                {(page) => page.items.length === 0 ? (
                    <Empty icon="enrol" title={t('No tokens')}>
                        <p>{t('Make one above. Its secret is shown once; what stays here is only who made it and how often it was used.')}</p>
                    </Empty>
                ) : (
                    <section class="card flush" aria-label={t('Tokens')}>
                        <header class="card-head"><h2>{t('Tokens')}</h2></header>
                        <Table caption={t('Enrolment tokens')} columns={columns(remove)} rows={page.items} keyOf={(e) => e.id} />
                        <More shown={page.items.length} total={page.total} more={page.next_cursor !== null}
                            loading={list.loading} onMore={list.more} />
                    </section>
                )}
            </ResourceView>
        </>
    );
}
