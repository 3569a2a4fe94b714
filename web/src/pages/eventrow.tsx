// eventrow.tsx - one event as a line a person can read.
import type { ComponentChildren, JSX } from 'preact';
import type { JsonObject, PicketEvent } from '../api/types';
import { deviceHref, incidentHref } from '../app/address';
import { t } from '../app/words';
import { isObject, scalarText } from '../evidence/shapes';
import type { IconName } from '../ui/icon';
import { Icon } from '../ui/icon';
import { titleOf } from '../ui/names';
import { Exact } from '../ui/time';
import { label } from '../ui/words';
import type { Option } from '../ui/filterbar';

export const KINDS: Option[] = [
    { id: 'incident', name: t('Incidents') }, { id: 'device', name: t('Devices') },
    { id: 'app', name: t('Apps') }, { id: 'alert', name: t('Alerts') }, { id: 'audit', name: t('Audit') },
];

export const eventKind = (e: PicketEvent): string => e.type.split('.')[0] ?? '';

const LOOK: Record<string, { text: string; icon: IconName; tone: string }> = {
    'incident.opened': { text: t('Incident opened'), icon: 'incident', tone: 'high' },
    'incident.updated': { text: t('Incident seen again'), icon: 'eye', tone: 'medium' },
    'incident.resolved': { text: t('Incident resolved'), icon: 'check', tone: 'ok' },
    'incident.dismissed': { text: t('Incident dismissed'), icon: 'cross', tone: 'info' },
    'incident.reopened': { text: t('Incident reopened'), icon: 'undo', tone: 'high' },
    'device.enrolled': { text: t('Device enrolled'), icon: 'plus', tone: 'ok' },
    'device.seen': { text: t('Device reported'), icon: 'device', tone: 'info' },
    'device.risk': { text: t('Risk changed'), icon: 'shield', tone: 'medium' },
    'device.revoked': { text: t('Device revoked'), icon: 'lock', tone: 'critical' },
    'alert.sent': { text: t('Alert sent'), icon: 'send', tone: 'low' },
    'alert.shown': { text: t('Alert shown'), icon: 'bell', tone: 'low' },
    'alert.closed': { text: t('Alert taken back'), icon: 'bell', tone: 'info' },
    'device.measure': { text: t('Work access changed'), icon: 'lock', tone: 'high' },
    'policy.would': { text: t('A rule on trial would have acted'), icon: 'eye', tone: 'info' },
    'app.seen': { text: t('App seen for the first time'), icon: 'app', tone: 'info' },
    'app.judged': { text: t('App judged'), icon: 'shield', tone: 'low' },
    'app.exception_added': { text: t('Exception for an app'), icon: 'undo', tone: 'medium' },
    'app.exception_removed': { text: t('Exception removed'), icon: 'trash', tone: 'medium' },
    'app.rules_changed': { text: t('Rules for apps changed'), icon: 'system', tone: 'info' },
    audit: { text: t('Audit'), icon: 'system', tone: 'info' },
};

function detailText(detail: JsonObject | null): string {
    const inner = detail?.['detail'];
    const flat = isObject(inner) ? { ...detail, ...inner, detail: null } : detail;
    return Object.entries(flat ?? {})
        .filter(([k, v]) => v !== null && v !== '' && k !== 'actor' && k !== 'act')
        .map(([k, v]) => `${label(k)} ${typeof v === 'object' ? JSON.stringify(v) : String(v)}`).join(' · ');
}

function what(e: PicketEvent): ComponentChildren {
    if (e.incident) {
        return <a href={incidentHref(e.incident.id)} data-main>{titleOf(e.incident)}</a>;
    }
    if (e.type === 'audit') {
        return `${scalarText(e.detail?.['actor'])} · ${scalarText(e.detail?.['act'])}`;
    }
    return e.device ? <a href={deviceHref(e.device.id)} data-main>{e.device.name}</a> : null;
}

export function EventRow({ event: e }: { event: PicketEvent }): JSX.Element {
    const look = LOOK[e.type] ?? { text: label(e.type), icon: 'events' as const, tone: 'info' };
    const device = e.incident && e.device;
    return (
        <li data-row tabIndex={e.incident || e.device ? undefined : -1}>
            <span class={`timeline-icon tone-${look.tone}`}><Icon name={look.icon} /></span>
            <div class="event-text">
                <p><strong>{look.text}</strong> {what(e)}{device && <span class="note"> {t('on {device}', { device: device.name })}</span>}</p>
                {detailText(e.detail) && <p class="sub breakable">{detailText(e.detail)}</p>}
            </div>
            <span class="sub nowrap"><Exact at={e.at} /></span>
        </li>
    );
}
