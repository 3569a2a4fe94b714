// overviewtrends.tsx - the last 90 days in four lines, and the score.
import type { JSX } from 'preact';
import { get } from '../api/client';
import type { TrendDay } from '../api/types';
import { devicesHref, incidentsHref } from '../app/address';
import { useResource } from '../app/resource';
import { number, t } from '../app/words';
import type { Point } from '../charts/trend';
import { TrendLine } from '../charts/trend';
import type { Tone } from '../ui/badge';
import { Card, ResourceView } from '../ui/basics';

const DAYS = 90;

interface Line {
    name: string;
    unit: string;
    of: (day: TrendDay) => number | null;
    tone: Tone;
    to: string;
}

const LINES: Line[] = [
    { name: t('Open incidents'), unit: t('open'), of: (d) => d.open, tone: 'high', to: incidentsHref('state:open|mitigated') },
    { name: t('Devices at high risk'), unit: t('devices'), of: (d) => d.risky, tone: 'critical', to: devicesHref('level:high|critical') },
    { name: t('Alerts told a day'), unit: t('alerts'), of: (d) => d.alerts, tone: 'medium', to: '#/events?kind=alert' },
    { name: t('Patch age'), unit: t('days (median)'), of: (d) => d.patch_days, tone: 'low', to: incidentsHref('state:open|mitigated,vector:vulnerability') },
    { name: t('Score'), unit: t('of 100'), of: (d) => d.score, tone: 'ok', to: '#/reports' },
    { name: t('Devices heard of'), unit: t('devices'), of: (d) => d.active, tone: 'info', to: devicesHref('status:active') },
];

function One({ line, days }: { line: Line; days: TrendDay[] }): JSX.Element {
    const points = days.map((d): Point => ({ day: d.day, value: line.of(d), estimated: d.estimated }));
    const now = points[points.length - 1]?.value ?? null;
    return (
        <li>
            <p class="trend-head"><a href={line.to}>{line.name}</a>
                <span><strong>{now === null ? '–' : number(now)}</strong> <span class="note">{line.unit}</span></span></p>
            <TrendLine points={points} label={line.name} unit={line.unit} tone={line.tone} />
        </li>
    );
}

export function TrendsCard({ group = '' }: { group?: string }): JSX.Element {
    const one = useResource<{ days: TrendDay[] }>(`trends ${group}`,
        (signal) => get<{ days: TrendDay[] }>('/trends', { query: { days: DAYS, group }, signal }),
        (e) => e.type.startsWith('incident.'));
    return (
        <Card title={t('Trends')} note={t('up to {n} days', { n: DAYS })}>
            <ResourceView of={one} lines={6}>
                {({ days }) => (
                    <>
                        <ul class="trends">{LINES.map((l) => <One key={l.name} line={l} days={days} />)}</ul>
                        {days.some((d) => d.estimated) && (
                            <p class="sub">{t('Broken lines: put together afterwards from the times of incidents and devices.')}</p>
                        )}
                    </>
                )}
            </ResourceView>
        </Card>
    );
}
