// overviewcards.tsx - the two numbers at the top: open incidents by severity, the fleet by risk.
import type { JSX } from 'preact';
import type { Share } from '../charts/donut';
import { Donut } from '../charts/donut';
import { Stack } from '../charts/stack';
import type { Overview } from '../api/types';
import { devicesHref, incidentsHref } from '../app/address';
import { LEVEL_TONE } from '../ui/badge';
import { Card } from '../ui/basics';
import { LEVELS, sentence, SEVERITIES, STATUS_NAME } from '../ui/words';

const OPEN = 'state:open|mitigated';

function Legend({ shares, to }: { shares: Share[]; to: (name: string) => string }): JSX.Element {
    return (
        <ul class="legend-list">
            {shares.map((s) => (
                <li key={s.name}>
                    <a href={to(s.name)}>
                        <span class={`swatch fill-${s.tone}`} aria-hidden="true" />
                        <span>{sentence(s.name)}</span><strong>{s.value.toLocaleString('en')}</strong>
                    </a>
                </li>
            ))}
        </ul>
    );
}

export function SeverityCard({ data }: { data: Overview }): JSX.Element {
    const { open, opened_24h, resolved_24h, by_severity } = data.incidents;
    const shares = SEVERITIES.map((s): Share => ({ name: s, value: by_severity[s] ?? 0, tone: s }));
    return (
        <Card title="Open incidents">
            <div class="big-row">
                <a class="big" href={incidentsHref(OPEN)}>{open.toLocaleString('en')}</a>
                <p class="note"><strong>{opened_24h}</strong> opened and <strong>{resolved_24h}</strong> resolved in the last 24 hours</p>
            </div>
            <Stack label="Open incidents" shares={shares} />
            <Legend shares={shares} to={(s) => incidentsHref(`${OPEN},severity:${s}`)} />
        </Card>
    );
}

export function FleetCard({ data }: { data: Overview }): JSX.Element {
    const shares = LEVELS.map((l): Share => ({ name: l, value: data.levels[l] ?? 0, tone: LEVEL_TONE[l] }));
    const d = data.devices;
    const statuses = (['active', 'silent', 'never', 'revoked'] as const)
        .map((s) => ({ id: s, name: STATUS_NAME[s], value: d[s] }));
    return (
        <Card title="Devices by risk">
            <div class="fleet">
                <Donut label="Devices by risk" unit={d.total === 1 ? 'device' : 'devices'} shares={shares} />
                <Legend shares={shares} to={(l) => devicesHref(`level:${l}`)} />
                <ul class="legend-list">
                    {statuses.map((s) => (
                        <li key={s.id}>
                            <a href={devicesHref(`status:${s.id}`)}><span>{s.name}</span><strong>{s.value.toLocaleString('en')}</strong></a>
                        </li>
                    ))}
                </ul>
            </div>
        </Card>
    );
}
