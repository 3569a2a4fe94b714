// overviewscore.tsx - the organisation's score with its parts, and how it moved.
import type { JSX } from 'preact';
import type { Score } from '../api/types';
import { devicesHref } from '../app/address';
import { t, tn } from '../app/words';
import { Gauge } from '../charts/gauge';
import { Card } from '../ui/basics';

const PARTS: Record<Score['parts'][number]['part'], { name: string; to: string }> = {
    activation: { name: t('Devices heard of'), to: devicesHref('status:silent|never') },
    risk: { name: t('Risk now'), to: devicesHref('level:critical|high|guarded') },
    patches: { name: t('Security patches'), to: '#/incidents?filter=state:open|mitigated,vector:vulnerability' },
};

function Move({ name, from, to }: { name: string; from: number | null; to: number }): JSX.Element {
    const by = from === null ? null : to - from;
    return (
        <li>
            <span class="note">{name}</span>
            {by === null ? <span class="muted">–</span>
                : <strong class={by > 0 ? 'good-text' : by < 0 ? 'bad-text' : ''}>
                    {by > 0 ? `+${by}` : by < 0 ? `−${-by}` : '±0'}</strong>}
        </li>
    );
}

export function ScoreCard({ score }: { score: Score | null }): JSX.Element {
    if (score === null) {
        return <Card title={t('Score')}><p class="note">{t('There is no device to judge.')}</p></Card>;
    }
    return (
        <Card title={t('Score today')}>
            <div class="score">
                <Gauge score={score.now} />
                <ul class="moves" aria-label={t('How the score moved')}>
                    <Move name={tn('{n} day', '{n} days', 1)} from={score.day_ago} to={score.now} />
                    <Move name={tn('{n} day', '{n} days', 7)} from={score.week_ago} to={score.now} />
                    <Move name={tn('{n} day', '{n} days', 30)} from={score.month_ago} to={score.now} />
                </ul>
            </div>
            <ul class="legend-list score-parts">
                {score.parts.map((p) => (
                    <li key={p.part}>
                        <a href={PARTS[p.part].to}><span>{PARTS[p.part].name}</span>
                            <strong>{Math.round(p.score)}<span class="note"> {t('of {n}', { n: p.of })}</span></strong></a>
                    </li>
                ))}
            </ul>
        </Card>
    );
}
