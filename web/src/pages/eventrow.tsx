// eventrow.tsx - one event as a line a person can read.
import type { ComponentChildren, JSX } from 'preact';
import type { JsonObject, PicketEvent } from '../api/types';
import { deviceHref, incidentHref } from '../app/address';
import { isObject, scalarText } from '../evidence/shapes';
import type { IconName } from '../ui/icon';
import { Icon } from '../ui/icon';
import { said } from '../ui/names';
import { Exact } from '../ui/time';
import { label } from '../ui/words';
import type { Option } from '../ui/filterbar';

export const KINDS: Option[] = [
    { id: 'incident', name: 'Incidents' }, { id: 'device', name: 'Devices' },
    { id: 'app', name: 'Apps' }, { id: 'alert', name: 'Alerts' }, { id: 'audit', name: 'Audit' },
];

export const eventKind = (e: PicketEvent): string => e.type.split('.')[0] ?? '';

const LOOK: Record<string, { text: string; icon: IconName; tone: string }> = {
    'incident.opened': { text: 'Incident opened', icon: 'incident', tone: 'high' },
    'incident.updated': { text: 'Incident seen again', icon: 'eye', tone: 'medium' },
    'incident.resolved': { text: 'Incident resolved', icon: 'check', tone: 'ok' },
    'incident.dismissed': { text: 'Incident dismissed', icon: 'cross', tone: 'info' },
    'incident.reopened': { text: 'Incident reopened', icon: 'undo', tone: 'high' },
    'device.enrolled': { text: 'Device enrolled', icon: 'plus', tone: 'ok' },
    'device.seen': { text: 'Device reported', icon: 'device', tone: 'info' },
    'device.risk': { text: 'Risk changed', icon: 'shield', tone: 'medium' },
    'device.revoked': { text: 'Device revoked', icon: 'lock', tone: 'critical' },
    'alert.sent': { text: 'Alert sent', icon: 'send', tone: 'low' },
    'alert.shown': { text: 'Alert shown', icon: 'bell', tone: 'low' },
    'alert.closed': { text: 'Alert taken back', icon: 'bell', tone: 'info' },
    'device.measure': { text: 'Work access changed', icon: 'lock', tone: 'high' },
    'policy.would': { text: 'A rule on trial would have acted', icon: 'eye', tone: 'info' },
    'app.seen': { text: 'App seen for the first time', icon: 'app', tone: 'info' },
    'app.judged': { text: 'App judged', icon: 'shield', tone: 'low' },
    'app.exception_added': { text: 'Exception for an app', icon: 'undo', tone: 'medium' },
    'app.exception_removed': { text: 'Exception removed', icon: 'trash', tone: 'medium' },
    'app.rules_changed': { text: 'Rules for apps changed', icon: 'system', tone: 'info' },
    audit: { text: 'Audit', icon: 'system', tone: 'info' },
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
        return <a href={incidentHref(e.incident.id)} data-main>{said(e.incident.title, e.incident.subject)}</a>;
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
                <p><strong>{look.text}</strong> {what(e)}{device && <span class="note"> on {device.name}</span>}</p>
                {detailText(e.detail) && <p class="sub breakable">{detailText(e.detail)}</p>}
            </div>
            <span class="sub nowrap"><Exact at={e.at} /></span>
        </li>
    );
}
