// bars.tsx - two weeks of incidents: opened up, resolved beside it, one pair a day.
import type { JSX } from 'preact';
import type { Day } from '../api/types';
import { locale, number, t } from '../app/words';

const W = 560;
const H = 170;
const LEFT = 30;
const BOTTOM = 24;
const TOP = 10;

// The next even round number for the top of the axis, so that its half is whole: 2, 4 ... 12, 16 ...
function ceiling(max: number): number {
    for (let ten = 1; ; ten *= 10) {
        const top = [2, 3, 4, 5, 6, 8, 10, 12, 16].map((n) => n * ten).find((n) => n >= max && n % 2 === 0);
        if (top !== undefined) {
            return top;
        }
    }
}

const dayName = (day: string): string =>
    new Intl.DateTimeFormat(locale(), { day: 'numeric', month: 'short', timeZone: 'UTC' })
        .format(new Date(`${day}T00:00:00Z`));

// A bar with rounded top corners.
function barPath(x: number, y: number, w: number, h: number): string {
    const r = Math.min(2, w / 2, h);
    return `M${x} ${y + h}V${y + r}q0 ${-r} ${r} ${-r}h${w - 2 * r}q${r} 0 ${r} ${r}V${y + h}z`;
}

export function DayBars({ days }: { days: Day[] }): JSX.Element {
    const top = ceiling(Math.max(...days.map((d) => Math.max(d.opened, d.resolved)), 0));
    const high = H - TOP - BOTTOM;
    const step = (W - LEFT) / Math.max(1, days.length);
    const wide = Math.min(13, step * 0.34);
    const y = (n: number): number => TOP + high - (n / top) * high;
    const opened = days.reduce((n, d) => n + d.opened, 0);
    const resolved = days.reduce((n, d) => n + d.resolved, 0);
    return (
        <svg class="bars" viewBox={`0 0 ${W} ${H}`} role="img"
            aria-label={t('Last {n} days: {opened} incidents opened, {resolved} resolved', { n: days.length, opened, resolved })}>
            {[0, top / 2, top].map((n) => (
                <g key={n}>
                    <line class="grid" x1={LEFT} x2={W} y1={y(n)} y2={y(n)} />
                    <text class="tick end" x={LEFT - 6} y={y(n) + 4}>{number(n)}</text>
                </g>
            ))}
            {days.map((d, i) => {
                const mid = LEFT + step * (i + 0.5);
                return (
                    <g key={d.day}>
                        <title>{t('{day}: {opened} opened, {resolved} resolved, on {devices} devices',
                            { day: dayName(d.day), opened: d.opened, resolved: d.resolved, devices: d.devices })}</title>
                        <rect class="hover" x={mid - step / 2} y={TOP} width={step} height={high} />
                        {d.opened > 0 && <path class="bar-opened"
                            d={barPath(mid - wide - 1, y(d.opened), wide, TOP + high - y(d.opened))} />}
                        {d.resolved > 0 && <path class="bar-resolved"
                            d={barPath(mid + 1, y(d.resolved), wide, TOP + high - y(d.resolved))} />}
                        {(days.length - 1 - i) % 3 === 0 && (
                            <text class="tick" x={mid} y={H - 6}>{dayName(d.day)}</text>
                        )}
                    </g>
                );
            })}
        </svg>
    );
}
