// donut.tsx - shares of a whole as a ring of parts, the sum in the middle.
import type { JSX } from 'preact';
import { number } from '../app/words';
import type { Tone } from '../ui/badge';

export interface Share {
    name: string;
    value: number;
    tone: Tone;
}

const R = 42;
const AROUND = 2 * Math.PI * R;
const GAP = 2.5;

export function Donut({ shares, label, unit }: { shares: Share[]; label: string; unit: string }): JSX.Element {
    const sum = shares.reduce((n, s) => n + s.value, 0);
    const parts = shares.filter((s) => s.value > 0);
    let start = 0;
    return (
        <svg class="ring" viewBox="0 0 100 100" role="img"
            aria-label={`${label}: ${shares.map((s) => `${s.value} ${s.name}`).join(', ')}`}>
            <circle class="ring-track" cx="50" cy="50" r={R} />
            {parts.map((s) => {
                const length = (s.value / sum) * AROUND;
                const gap = parts.length > 1 ? Math.min(GAP, length / 2) : 0;
                const part = (
                    <circle key={s.name} class={`ring-part stroke-${s.tone}`} cx="50" cy="50" r={R}
                        transform="rotate(-90 50 50)" stroke-dashoffset={-start}
                        stroke-dasharray={`${length - gap} ${AROUND}`} />
                );
                start += length;
                return part;
            })}
            <text class="ring-number" x="50" y="52">{number(sum)}</text>
            <text class="ring-word" x="50" y="67">{unit}</text>
        </svg>
    );
}
