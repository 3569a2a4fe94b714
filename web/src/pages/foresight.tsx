// foresight.tsx - what will probably happen to a device, with reasons; and what is kept from it now.
import type { JSX } from 'preact';
import type { DeviceFull, Foresight } from '../api/types';
import { incidentHref } from '../app/address';
import type { Tone } from '../ui/badge';
import { Badge } from '../ui/badge';
import { Card } from '../ui/basics';
import { said } from '../ui/names';
import { chance, MEASURE_NAME, OutlookBadge } from '../ui/outlook';
import { Ago } from '../ui/time';
import { sentence } from '../ui/words';

const LIGHT: Record<NonNullable<Foresight['zone']>['standing'], { tone: Tone; name: string }> = {
    unknown: { tone: 'info', name: 'Place not known' },
    green: { tone: 'ok', name: 'Quiet place' },
    amber: { tone: 'medium', name: 'Take care here' },
    red: { tone: 'critical', name: 'Attacks happen here' },
};

function Zone({ of: zone }: { of: NonNullable<Foresight['zone']> }): JSX.Element {
    const light = LIGHT[zone.standing] ?? LIGHT.unknown;
    return (
        <div class="zone">
            <Badge tone={light.tone}>{light.name}</Badge>
            <p class="note">{zone.why ? sentence(said(zone.why)) : `${chance(zone.p)} that joining here means an attack.`}
                {zone.attacks > 0 && ` ${zone.attacks.toLocaleString('en')} confirmed attacks beside ${zone.joins.toLocaleString('en')} safe joins nearby.`}</p>
        </div>
    );
}

export function ForesightCard({ of: f }: { of: Foresight | null }): JSX.Element {
    if (f === null || f.outlook === 'unknown') {
        return (
            <Card title="Outlook">
                <p class="note">Nothing is foretold yet: a device has to be known for three days.</p>
                {f?.zone && <Zone of={f.zone} />}
            </Card>
        );
    }
    const most = Math.max(...f.reasons.map((r) => r.share), 0.0001);
    return (
        <Card title="Outlook" note={<>computed <Ago at={f.at} /></>} action={<OutlookBadge of={f.outlook} />}>
            <div class="chances">
                <p><strong>{chance(f.p7)}</strong> <span class="note">chance of an attack within 7 days</span></p>
                <p><strong>{chance(f.p30)}</strong> <span class="note">within 30 days</span></p>
            </div>
            {f.reasons.length > 0 && (
                <ul class="parts">
                    {f.reasons.map((r) => (
                        <li key={r.reason}>
                            <span class="part-points" title="percentage points of the chance within 7 days">+{r.share < 0.05 ? '<0.1' : r.share.toFixed(1)}</span>
                            <div>
                                <p>{sentence(said(r.reason))}</p>
                                {r.lowers && <p class="sub">To lower it: {said(r.lowers)}</p>}
                                <svg class="part-bar" viewBox="0 0 100 2" preserveAspectRatio="none" aria-hidden="true">
                                    <rect class="stack-track" width="100" height="2" />
                                    <rect class="part-value" width={Math.min(100, 100 * Math.max(0, r.share) / most)} height="2" />
                                </svg>
                            </div>
                        </li>
                    ))}
                </ul>
            )}
            {f.zone && <Zone of={f.zone} />}
            <p class="sub">A prediction sorts work and warns. By itself it never takes anything away from anybody.</p>
        </Card>
    );
}

export function AccessCard({ device: d }: { device: DeviceFull }): JSX.Element {
    return (
        <Card title="Work access" action={d.measures.length === 0 && <Badge tone="ok">Open</Badge>}>
            {d.measures.length === 0 ? <p class="note">Nothing is kept from this device.</p> : (
                <ul class="rows">
                    {d.access.map((a) => (
                        <li key={a.measure}>
                            <span><strong>{MEASURE_NAME[a.measure] ?? a.measure}</strong>
                                <span class="sub">
                                    {a.rule ? <>by the rule <span class="mono">{a.rule}</span></> : 'by the policy'}
                                    {a.cause_at && <>, its cause <Ago at={a.cause_at} /></>}
                                </span></span>
                            {a.incident && <a href={incidentHref(a.incident)}>See why</a>}
                        </li>
                    ))}
                </ul>
            )}
        </Card>
    );
}
