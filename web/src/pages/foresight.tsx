// foresight.tsx - what will probably happen to a device, with reasons; and what is kept from it now.
import type { JSX } from 'preact';
import type { DeviceFull, Foresight } from '../api/types';
import { incidentHref } from '../app/address';
import { number, rich, t, tn } from '../app/words';
import type { Tone } from '../ui/badge';
import { Badge } from '../ui/badge';
import { Card } from '../ui/basics';
import { said } from '../ui/names';
import { chance, MEASURE_NAME, OutlookBadge } from '../ui/outlook';
import { Ago } from '../ui/time';
import { sentence } from '../ui/words';

const LIGHT: Record<NonNullable<Foresight['zone']>['standing'], { tone: Tone; name: string }> = {
    unknown: { tone: 'info', name: t('Place not known') },
    green: { tone: 'ok', name: t('Quiet place') },
    amber: { tone: 'medium', name: t('Take care here') },
    red: { tone: 'critical', name: t('Attacks happen here') },
};

const TENTHS = { minimumFractionDigits: 1, maximumFractionDigits: 1 };

function Zone({ of: zone }: { of: NonNullable<Foresight['zone']> }): JSX.Element {
    const light = LIGHT[zone.standing] ?? LIGHT.unknown;
    return (
        <div class="zone">
            <Badge tone={light.tone}>{light.name}</Badge>
            <p class="note">{zone.why ? sentence(said(zone.why)) : t('{chance} that joining here means an attack.', { chance: chance(zone.p) })}
                {zone.attacks > 0 && ` ${tn('{n} confirmed attacks beside {joins} safe joins nearby.',
                    '{n} confirmed attacks beside {joins} safe joins nearby.', zone.attacks, { joins: number(zone.joins) })}`}</p>
        </div>
    );
}

export function ForesightCard({ of: f }: { of: Foresight | null }): JSX.Element {
    if (f === null || f.outlook === 'unknown') {
        return (
            <Card title={t('Outlook')}>
                <p class="note">{t('Nothing is foretold yet: a device has to be known for three days.')}</p>
                {f?.zone && <Zone of={f.zone} />}
            </Card>
        );
    }
    const most = Math.max(...f.reasons.map((r) => r.share), 0.0001);
    return (
        <Card title={t('Outlook')} note={rich('computed {when}', { when: <Ago at={f.at} /> })} action={<OutlookBadge of={f.outlook} />}>
            <div class="chances">
                <p><strong>{chance(f.p7)}</strong> <span class="note">{t('chance of an attack within 7 days')}</span></p>
                <p><strong>{chance(f.p30)}</strong> <span class="note">{t('within 30 days')}</span></p>
            </div>
            {f.reasons.length > 0 && (
                <ul class="parts">
                    {f.reasons.map((r) => (
                        <li key={r.reason}>
                            <span class="part-points" title={t('percentage points of the chance within 7 days')}>+{r.share < 0.05 ? `<${number(0.1)}` : number(r.share, TENTHS)}</span>
                            <div>
                                <p>{sentence(said(r.reason))}</p>
                                {r.lowers && <p class="sub">{t('To lower it: {what}', { what: said(r.lowers) })}</p>}
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
            <p class="sub">{t('A prediction sorts work and warns. By itself it never takes anything away from anybody.')}</p>
        </Card>
    );
}

export function AccessCard({ device: d }: { device: DeviceFull }): JSX.Element {
    return (
        <Card title={t('Work access')} action={d.measures.length === 0 && <Badge tone="ok">{t('Open')}</Badge>}>
            {d.measures.length === 0 ? <p class="note">{t('Nothing is kept from this device.')}</p> : (
                <ul class="rows">
                    {d.access.map((a) => (
                        <li key={a.measure}>
                            <span><strong>{MEASURE_NAME[a.measure] ?? a.measure}</strong>
                                <span class="sub">
                                    {a.rule ? rich('by the rule {rule}', { rule: <span class="mono">{a.rule}</span> }) : t('by the policy')}
                                    {a.cause_at && <>, {rich('its cause {when}', { when: <Ago at={a.cause_at} /> })}</>}
                                </span></span>
                            {a.incident && <a href={incidentHref(a.incident)}>{t('See why')}</a>}
                        </li>
                    ))}
                </ul>
            )}
        </Card>
    );
}
