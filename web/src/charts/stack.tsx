// stack.tsx - one bar split by severity; each part is a link in the list below it.
import type { JSX } from 'preact';
import type { Share } from './donut';

export function Stack({ shares, label }: { shares: Share[]; label: string }): JSX.Element {
    const sum = shares.reduce((n, s) => n + s.value, 0);
    let x = 0;
    return (
        <svg class="stack" viewBox="0 0 100 4" preserveAspectRatio="none" role="img"
            aria-label={`${label}: ${shares.map((s) => `${s.value} ${s.name}`).join(', ')}`}>
            <rect class="stack-track" width="100" height="4" />
            {shares.filter((s) => s.value > 0).map((s) => {
                const width = (s.value / sum) * 100;
                const part = <rect key={s.name} class={`area-${s.tone}`} x={x} width={Math.max(0.5, width - 0.4)} height="4" />;
                x += width;
                return part;
            })}
        </svg>
    );
}
