// ring.tsx - a risk score as a ring that fills clockwise from the top.
import type { JSX } from 'preact';
import type { Level } from '../api/types';
import { t } from '../app/words';
import { LEVEL_TONE } from '../ui/badge';
import { LEVEL_NAME } from '../ui/words';

const R = 42;
const AROUND = 2 * Math.PI * R;

export function RiskRing({ score, level }: { score: number; level: Level }): JSX.Element {
    const share = Math.min(100, Math.max(0, score)) / 100;
    return (
        <svg class={`ring fill-${LEVEL_TONE[level] ?? 'info'}`} viewBox="0 0 100 100" role="img"
            aria-label={t('Risk {n} of 100, {level}', { n: Math.round(score), level: (LEVEL_NAME[level] ?? level).toLowerCase() })}>
            <circle class="ring-track" cx="50" cy="50" r={R} />
            {share > 0 && (
                <circle class="ring-value" cx="50" cy="50" r={R} transform="rotate(-90 50 50)"
                    stroke-dasharray={`${share * AROUND} ${AROUND}`} />
            )}
            <text class="ring-number" x="50" y="52">{Math.round(score)}</text>
            <text class="ring-word" x="50" y="67">{LEVEL_NAME[level] ?? level}</text>
        </svg>
    );
}
