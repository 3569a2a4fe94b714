// gauge.tsx - the score of the organisation: 0 to 100 on a half circle.
import type { JSX } from 'preact';
import { t } from '../app/words';
import type { Tone } from '../ui/badge';

const R = 54;
const HALF = Math.PI * R;

export const scoreTone = (score: number): Tone => score >= 85 ? 'ok' : score >= 70 ? 'medium' : score >= 50 ? 'high' : 'critical';

export function Gauge({ score }: { score: number }): JSX.Element {
    const arc = `M${70 - R} 66A${R} ${R} 0 0 1 ${70 + R} 66`;
    return (
        <svg class={`gauge fill-${scoreTone(score)}`} viewBox="0 0 140 82" role="img" aria-label={t('Score {n} of 100', { n: score })}>
            <path class="gauge-track" d={arc} />
            <path class="gauge-value" d={arc} stroke-dasharray={`${HALF * Math.min(100, Math.max(0, score)) / 100} ${HALF + 9}`} />
            <text class="gauge-number" x="70" y="64">{score}</text>
            <text class="ring-word" x="70" y="80">{t('of 100')}</text>
        </svg>
    );
}
