// timeline.tsx - what happened to an incident, oldest first.
import type { JSX } from 'preact';
import type { TimelineEntry, TimelineWhat } from '../api/types';
import { t } from '../app/words';
import type { IconName } from '../ui/icon';
import { Icon } from '../ui/icon';
import { Exact } from '../ui/time';
import { sentence } from '../ui/words';

const WHAT: Record<TimelineWhat, { text: string; icon: IconName; tone: string }> = {
    detected: { text: t('Detected'), icon: 'incident', tone: 'high' },
    seen: { text: t('Seen again'), icon: 'eye', tone: 'high' },
    told: { text: t('Employee told'), icon: 'bell', tone: 'low' },
    sent: { text: t('Passed on'), icon: 'send', tone: 'low' },
    held: { text: t('Alert held back'), icon: 'bell', tone: 'info' },
    merged: { text: t('Part of an earlier alert'), icon: 'bell', tone: 'info' },
    reminded: { text: t('Employee reminded'), icon: 'bell', tone: 'low' },
    admins: { text: t('Administrators told'), icon: 'send', tone: 'low' },
    measure: { text: t('Work access paused'), icon: 'lock', tone: 'high' },
    lifted: { text: t('Work access given back'), icon: 'check', tone: 'ok' },
    would: { text: t('Would have acted (detect only)'), icon: 'eye', tone: 'info' },
    mitigated: { text: t('Contained'), icon: 'shield', tone: 'low' },
    resolved: { text: t('Resolved'), icon: 'check', tone: 'ok' },
    dismissed: { text: t('Dismissed'), icon: 'cross', tone: 'info' },
    reopened: { text: t('Reopened'), icon: 'undo', tone: 'high' },
};

export function Timeline({ entries }: { entries: TimelineEntry[] }): JSX.Element {
    return (
        <ol class="timeline">
            {entries.map((e, i) => {
                const what = WHAT[e.what] ?? { text: sentence(e.what), icon: 'events', tone: 'info' };
                return (
                    <li key={i}>
                        <span class={`timeline-icon tone-${what.tone}`}><Icon name={what.icon} /></span>
                        <div>
                            <p><strong>{what.text}</strong>{e.by && <span class="note"> {t('by {name}', { name: e.by })}</span>}</p>
                            {e.detail && <p class="breakable">{e.detail}</p>}
                            <p class="sub"><Exact at={e.at} /></p>
                        </div>
                    </li>
                );
            })}
        </ol>
    );
}
