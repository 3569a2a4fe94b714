// weights.tsx - reasons with their weights: to the right what speaks against a thing, to the left what speaks for it.
import type { JSX } from 'preact';
import type { CrowdReason } from '../api/crowdtypes';
import { number } from '../app/words';

const FULL = 6; // log-odds: as good as certain

const weightText = (w: number): string => `${w < 0 ? '−' : '+'}${number(Math.abs(w), { minimumFractionDigits: 1, maximumFractionDigits: 1 })}`;

export function Weights({ reasons }: { reasons: CrowdReason[] }): JSX.Element {
    return (
        <ul class="weights">
            {reasons.map((r) => {
                const weight = r.weight ?? 0;
                const width = Math.min(50, Math.abs(weight) / FULL * 50);
                return (
                    <li key={r.term}>
                        <span class="weight">{weightText(weight)}</span>
                        <div>
                            <p>{r.text ?? r.term}</p>
                            <svg class="part-bar" viewBox="0 0 100 2" preserveAspectRatio="none" aria-hidden="true">
                                <rect class="stack-track" width="100" height="2" />
                                <rect class={weight < 0 ? 'area-ok' : 'area-high'} x={weight < 0 ? 50 - width : 50} width={width} height="2" />
                            </svg>
                        </div>
                    </li>
                );
            })}
        </ul>
    );
}
