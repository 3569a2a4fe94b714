// events.tsx - the live stream: what the server tells the world, as it happens.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { get } from '../api/client';
import type { PicketEvent } from '../api/types';
import { useCell } from '../app/cell';
import { recent } from '../app/live';
import { asApiError } from '../app/resource';
import { href } from '../app/address';
import { replace } from '../app/router';
import { t } from '../app/words';
import { Empty, Loading, PageHead } from '../ui/basics';
import { Chips } from '../ui/filterbar';
import { Icon } from '../ui/icon';
import { toast } from '../ui/toast';
import { EventRow, eventKind, KINDS } from './eventrow';

const HISTORY_KEPT = 1000;
const HISTORY_PAGES_MAX = 200;
const SHOWN_MAX = 500;

interface Batch {
    items: PicketEvent[];
    next: string;
}

// The stream has one direction. Cursors that count let us begin near its end; any other kind means
// reading from the beginning. Either way the newest rows are kept.
async function nearEnd(): Promise<string> {
    const { next } = await get<Batch>('/events', { query: { after: 'now', wait: 0 } });
    return /^\d{1,15}$/.test(next) ? String(Math.max(0, Number(next) - HISTORY_KEPT)) : '0';
}

async function history(): Promise<PicketEvent[]> {
    let kept: PicketEvent[] = [];
    let after = await nearEnd();
    for (let page = 0; page < HISTORY_PAGES_MAX; page++) {
        const batch = await get<Batch>('/events', {
            query: { after, wait: 0, limit: 500 },
        });
        kept = kept.concat(batch.items).slice(-HISTORY_KEPT);
        if (batch.items.length === 0 || batch.next === after) {
            break;
        }
        after = batch.next;
    }
    return kept.reverse();
}

// Live rows first, then history, each event once.
function merged(fresh: PicketEvent[], old: PicketEvent[]): PicketEvent[] {
    const seen = new Set(fresh.map((e) => e.id));
    return [...fresh, ...old.filter((e) => !seen.has(e.id))];
}

export function EventsPage({ query }: { query: Record<string, string> }): JSX.Element {
    const stream = useCell(recent);
    const [frozen, setFrozen] = useState<PicketEvent[] | null>(null);
    const [old, setOld] = useState<PicketEvent[]>([]);
    const [busy, setBusy] = useState(true);
    const on = (query['kind'] ?? '').split('|').filter((k) => k !== '');

    const load = (): void => {
        setBusy(true);
        history().then(setOld, (e: unknown) => toast(asApiError(e).message, 'critical')).finally(() => setBusy(false));
    };
    useEffect(load, []);

    const rows = merged(frozen ?? stream, old)
        .filter((e) => on.length === 0 || on.includes(eventKind(e))).slice(0, SHOWN_MAX);
    const toggle = (kind: string): void => {
        const next = on.includes(kind) ? on.filter((k) => k !== kind) : [...on, kind];
        replace(href(['events'], { kind: next.join('|') }));
    };
    return (
        <>
            <PageHead title={t('Events')} above={<a href="#/system">{t('System')}</a>} note={t('The same stream that programs read at /api/v1/events.')}>
                <button type="button" class="button" aria-pressed={frozen !== null}
                    onClick={() => setFrozen(frozen === null ? stream : null)}>
                    <Icon name={frozen === null ? 'pause' : 'play'} />{frozen === null ? t('Pause') : t('Go on')}
                </button>
            </PageHead>
            <div class="filters"><Chips label={t('Kind')} options={KINDS} on={on} onToggle={toggle} /></div>
            {rows.length === 0 ? busy ? <Loading lines={8} /> : (
                <Empty icon="events" title={on.length > 0 ? t('Nothing of this kind lately') : t('Nothing has happened yet')}>
                    <p>{t('Enrolments, incidents, alerts and changes by administrators appear here as they happen.')}</p>
                </Empty>
            ) : (
                <ol class="card events" aria-label={t('Events, newest first')}>
                    {rows.map((e) => <EventRow key={e.id} event={e} />)}
                </ol>
            )}
        </>
    );
}
