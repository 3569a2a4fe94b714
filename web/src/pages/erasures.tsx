// erasures.tsx - who asked to be forgotten, and how far it is.
import type { JSX } from 'preact';
import { del, get, post, seg } from '../api/client';
import type { Erasure } from '../api/types';
import { deviceHref } from '../app/address';
import { asApiError, useResource } from '../app/resource';
import { may } from '../app/session';
import { t } from '../app/words';
import { Badge } from '../ui/badge';
import { Empty, ResourceView } from '../ui/basics';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { Ago } from '../ui/time';
import { toast } from '../ui/toast';

const STATE = {
    asked: { name: t('Waits for an answer'), tone: 'medium' }, begun: { name: t('Being erased'), tone: 'low' }, done: { name: t('Erased'), tone: 'ok' },
} as const;

function columns(answer: (what: Promise<unknown>, done: string) => void): Column<Erasure>[] {
    return [
        { id: 'device', head: t('Device'), kind: 'main', cell: (e) => e.device ? <a href={deviceHref(e.device.id)} data-main>{e.device.name || e.device.id}</a> : <span class="muted">{t('gone')}</span> },
        { id: 'state', head: t('State'), cell: (e) => <Badge tone={STATE[e.state].tone}>{STATE[e.state].name}</Badge> },
        { id: 'by', head: t('Asked by'), cell: (e) => e.asked_by },
        { id: 'at', head: t('Asked'), cell: (e) => <Ago at={e.asked_at} /> },
        { id: 'done', head: t('Done'), kind: 'side', cell: (e) => <Ago at={e.done_at} never={t('not yet')} /> },
        {
            id: 'act', head: t('Answer'), cell: (e) => e.state !== 'asked' || !e.device ? '' : (
                <span class="tags">
                    <button type="button" class="button small danger-quiet" onClick={() => answer(post(`/devices/${seg(e.device?.id ?? '')}/erase`, {}), t('The device is being erased'))}>{t('Erase')}</button>
                    <button type="button" class="button small" onClick={() => answer(del(`/erasures/${seg(e.id)}`), t('Refused'))}>{t('Refuse')}</button>
                </span>
            ),
        },
    ];
}

export function ErasuresPart(): JSX.Element {
    return may('privacy') ? <Erasures /> : (
        <Empty icon="lock" title={t('Not for your role')}><p>{t('Erasures are for those who answer for privacy.')}</p></Empty>
    );
}

function Erasures(): JSX.Element {
    const one = useResource<{ items: Erasure[] }>('erasures', (signal) => get<{ items: Erasure[] }>('/erasures', { signal }),
        (e) => e.type === 'audit' || e.type.startsWith('device.'));
    const answer = (what: Promise<unknown>, done: string): void => {
        what.then(() => toast(done), (e: unknown) => toast(asApiError(e).message, 'critical')).finally(one.reload);
    };
    return (
        <ResourceView of={one} lines={4}>
            {({ items }) => items.length === 0 ? (
                <Empty icon="eye" title={t('Nobody asked to be forgotten')}>
                    <p>{t('A person asks on the device or on the employee’s page; an administrator can begin it for a device that is gone.')}</p>
                </Empty>
            ) : (
                <div class="card flush"><Table caption={t('Erasures')} columns={columns(answer)} rows={items} keyOf={(e) => e.id} /></div>
            )}
        </ResourceView>
    );
}
