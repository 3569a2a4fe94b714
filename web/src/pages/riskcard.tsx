// riskcard.tsx - the risk of a device: the sum as a ring, and each part with its reason and its way out.
import type { JSX } from 'preact';
import { RiskRing } from '../charts/ring';
import type { DeviceFull } from '../api/types';
import { incidentHref } from '../app/address';
import { number, rich, t } from '../app/words';
import { Card } from '../ui/basics';
import { said } from '../ui/names';
import { Ago } from '../ui/time';
import { VECTOR_NAME } from '../ui/words';

// Parts overlap: the points of one are what the score would lose without it.
function pointsText(points: number): string {
    const rounded = Math.round(points * 10) / 10;
    return rounded > 0 ? `+${number(rounded)}` : '0';
}

export function RiskCard({ risk }: { risk: DeviceFull['risk'] }): JSX.Element {
    const parts = [...risk.parts].sort((a, b) => b.points - a.points);
    return (
        <Card title={t('Risk')} note={risk.at && rich('computed {when}; points are what the score loses without the part', { when: <Ago at={risk.at} /> })}>
            <div class="risk-body">
                <RiskRing score={risk.score} level={risk.level} />
                {parts.length === 0 ? (
                    <p class="note">{t('Nothing raises the risk of this device right now.')}</p>
                ) : (
                    <ul class="parts">
                        {parts.map((p, n) => (
                            <li key={n}>
                                <span class="part-points">{pointsText(p.points)}</span>
                                <div>
                                    <p>{p.incident ? <a href={incidentHref(p.incident)}>{said(p.reason)}</a> : said(p.reason)}
                                        <span class="tag">{VECTOR_NAME[p.vector] ?? p.vector}</span></p>
                                    {p.lowers && <p class="sub">{t('To lower it: {what}', { what: said(p.lowers) })}</p>}
                                    <svg class="part-bar" viewBox="0 0 100 2" preserveAspectRatio="none" aria-hidden="true">
                                        <rect class="stack-track" width="100" height="2" />
                                        <rect class="part-value" width={Math.min(100, Math.max(0, p.points))} height="2" />
                                    </svg>
                                </div>
                            </li>
                        ))}
                    </ul>
                )}
            </div>
        </Card>
    );
}
