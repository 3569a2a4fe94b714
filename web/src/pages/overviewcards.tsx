// overviewcards.tsx - the numbers of the overview: open incidents by severity, devices by state, risk and outlook.
import type { JSX } from 'preact';
import type { Share } from '../charts/donut';
import { Donut } from '../charts/donut';
import { Stack } from '../charts/stack';
import type { DeviceStatus, Overview } from '../api/types';
import { devicesHref, incidentsHref } from '../app/address';
import { number, rich, t } from '../app/words';
import type { Tone } from '../ui/badge';
import { LEVEL_TONE } from '../ui/badge';
import { Card } from '../ui/basics';
import { OUTLOOK_NAME, OUTLOOK_TONE, OUTLOOKS } from '../ui/outlook';
import { LEVEL_NAME, LEVELS, SEVERITIES, SEVERITY_NAME, STATUS_NAME, STATUSES } from '../ui/words';

const OPEN = 'state:open|mitigated';
const NOT_GONE = 'status:active|silent|never';

interface Part extends Share {
    to: string;
    text: string;
}

function Legend({ parts }: { parts: Part[] }): JSX.Element {
    return (
        <ul class="legend-list">
            {parts.map((s) => (
                <li key={s.name}>
                    <a href={s.to}>
                        <span class={`swatch fill-${s.tone}`} aria-hidden="true" />
                        <span>{s.text}</span><strong>{number(s.value)}</strong>
                    </a>
                </li>
            ))}
        </ul>
    );
}

export function SeverityCard({ data }: { data: Overview }): JSX.Element {
    const { open, opened_24h, resolved_24h, by_severity } = data.incidents;
    const parts = SEVERITIES.map((s): Part => ({
        name: SEVERITY_NAME[s].toLowerCase(), text: SEVERITY_NAME[s], value: by_severity[s] ?? 0, tone: s, to: incidentsHref(`${OPEN},severity:${s}`),
    }));
    return (
        <Card title={t('Open incidents')}>
            <div class="big-row">
                <a class="big" href={incidentsHref(OPEN)} aria-label={t('{n} open incidents', { n: open })}>{number(open)}</a>
                <p class="note">{rich('{opened} opened and {resolved} resolved in the last 24 hours', {
                    opened: <strong>{number(opened_24h)}</strong>, resolved: <strong>{number(resolved_24h)}</strong>,
                })}</p>
            </div>
            <Stack label={t('Open incidents')} shares={parts} />
            <Legend parts={parts} />
        </Card>
    );
}

const STATUS_TONE: Record<DeviceStatus, Tone> = { active: 'ok', silent: 'medium', never: 'info', revoked: 'critical' };

export function StatesCard({ data }: { data: Overview }): JSX.Element {
    const d = data.devices;
    const parts = STATUSES.map((s): Part => ({
        name: STATUS_NAME[s].toLowerCase(), text: STATUS_NAME[s], value: d[s], tone: STATUS_TONE[s], to: devicesHref(`status:${s}`),
    }));
    return (
        <Card title={t('Devices')}>
            <div class="fleet">
                <Donut label={t('Devices by state')} unit={d.total === 1 ? t('device') : t('devices')} shares={parts} />
                <Legend parts={parts} />
            </div>
        </Card>
    );
}

export function RiskCard({ data }: { data: Overview }): JSX.Element {
    const parts = LEVELS.map((l): Part => ({
        name: LEVEL_NAME[l].toLowerCase(), text: LEVEL_NAME[l], value: data.levels[l] ?? 0, tone: LEVEL_TONE[l], to: devicesHref(`${NOT_GONE},level:${l}`),
    }));
    return <Card title={t('Devices by risk')}><Stack label={t('Devices by risk')} shares={parts} /><Legend parts={parts} /></Card>;
}

export function OutlookCard({ data }: { data: Overview }): JSX.Element {
    const parts = OUTLOOKS.map((o): Part => ({
        name: OUTLOOK_NAME[o].toLowerCase(), text: OUTLOOK_NAME[o], value: data.outlooks[o] ?? 0, tone: OUTLOOK_TONE[o],
        to: devicesHref(`${NOT_GONE},outlook:${o}`),
    }));
    return (
        <Card title={t('Outlook')} note={t('chance of an attack within 7 days')}>
            <Stack label={t('Devices by outlook')} shares={parts} /><Legend parts={parts} />
        </Card>
    );
}
