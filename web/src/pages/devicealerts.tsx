// devicealerts.tsx - what the person was told, and what became of it.
import type { JSX } from 'preact';
import type { ToldAlert } from '../api/types';
import { incidentHref } from '../app/address';
import { t, tn } from '../app/words';
import type { Tone } from '../ui/badge';
import { Badge } from '../ui/badge';
import { Card, ResourceView } from '../ui/basics';
import { useList } from '../ui/list';
import { said, subjectName } from '../ui/names';
import type { Column } from '../ui/table';
import { More, Table } from '../ui/table';
import { Ago } from '../ui/time';
import { label } from '../ui/words';

const ANSWERS: Record<string, { name: string; tone: Tone }> = {
    none: { name: t('No answer'), tone: 'info' },
    shown: { name: t('Seen'), tone: 'low' },
    closed: { name: t('Closed'), tone: 'low' },
    acted: { name: t('Acted on'), tone: 'ok' },
    ignored: { name: t('Ignored'), tone: 'medium' },
    mistake: { name: t('Called a mistake'), tone: 'medium' },
};

export function AnswerBadge({ of }: { of: string | null }): JSX.Element {
    const answer = ANSWERS[of ?? 'none'];
    return <Badge tone={answer?.tone ?? 'info'}>{answer?.name ?? label(of ?? '')}</Badge>;
}

export function ToldCard({ id, name }: { id: string; name: string }): JSX.Element {
    const list = useList<ToldAlert>('/alerts', { filter: `device:${id}` },
        (e) => e.type.startsWith('alert.') || (e.type.startsWith('incident.') && e.incident?.device.id === id));
    const title = (a: ToldAlert): string => said(a.title, a.subject, a.threat);
    const columns: Column<ToldAlert>[] = [
        {
            id: 'title', head: t('What was told'), kind: 'main',
            cell: (a) => (
                <>{a.incident ? <a href={incidentHref(a.incident)} data-main>{title(a)}</a> : title(a)}
                    <span class="sub">{[a.subject && subjectName(a.subject), t('rule {rule}', { rule: a.rule }), a.simulated && t('a drill')].filter(Boolean).join(' · ')}</span></>
            ),
        },
        { id: 'told', head: t('Told'), cell: (a) => <Ago at={a.told_at} /> },
        { id: 'shown', head: t('Shown'), kind: 'wide', cell: (a) => <Ago at={a.shown_at} never={t('not yet')} /> },
        { id: 'answer', head: t('Answer'), cell: (a) => <AnswerBadge of={a.answer} /> },
        {
            id: 'more', head: t('Reminders'), kind: 'number',
            cell: (a) => a.reminders + a.merged === 0 ? <span class="muted zero">0</span>
                : <>{a.reminders}{a.merged > 0 && <span class="sub">{tn('{n} merged into it', '{n} merged into it', a.merged)}</span>}</>,
        },
        { id: 'closed', head: t('Closed'), kind: 'side', cell: (a) => <Ago at={a.closed_at} never={t('open')} /> },
    ];
    const rows = list.data?.items.length ?? 0;
    return (
        <Card title={t('Alerts on the device')} class={rows > 0 ? 'flush' : ''}>
            <ResourceView of={list} lines={2}>
                {(page) => page.items.length === 0 ? <p class="note">{t('Nothing was told to the employee so far.')}</p> : (
                    <>
                        <Table caption={t('Alerts on {name}', { name })} columns={columns} rows={page.items} keyOf={(a) => String(a.id)} />
                        {page.next_cursor !== null && (
                            <More shown={page.items.length} total={page.total} more loading={list.loading} onMore={list.more} />
                        )}
                    </>
                )}
            </ResourceView>
        </Card>
    );
}
