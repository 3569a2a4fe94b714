// trend.tsx - one figure over the last days as a line. A part that was put together afterwards is drawn with gaps.
import type { JSX } from 'preact';
import { locale, t } from '../app/words';
import type { Tone } from '../ui/badge';

export interface Point {
    day: string;
    value: number | null;
    estimated: boolean;
}

const W = 320;
const H = 84;
const TOP = 8;
const FOOT = 18;

const dayName = (day: string): string =>
    new Intl.DateTimeFormat(locale(), { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(new Date(`${day}T00:00:00Z`));

// The numbers that the axis spans: from 0, unless the line would be flat at its top.
export function span(points: Point[]): { low: number; high: number } {
    const values = points.map((p) => p.value).filter((v) => v !== null);
    const high = Math.max(1, ...values);
    return { low: 0, high };
}

function pointText(p: Point, unit: string): string {
    const day = dayName(p.day);
    if (p.value === null) {
        return p.estimated ? t('{day}: unknown, put together afterwards', { day }) : t('{day}: unknown', { day });
    }
    return p.estimated ? t('{day}: {n} {unit}, put together afterwards', { day, n: p.value, unit }) : `${day}: ${p.value} ${unit}`;
}

interface Place {
    x: number;
    y: number;
    of: Point;
}

function line(places: Place[]): string {
    return places.map((p, i) => `${i === 0 ? 'M' : 'L'}${p.x.toFixed(1)} ${p.y.toFixed(1)}`).join('');
}

export function TrendLine({ points, label, unit, tone }: { points: Point[]; label: string; unit: string; tone: Tone }): JSX.Element {
    const { high } = span(points);
    const high_y = (v: number): number => TOP + (H - TOP - FOOT) * (1 - v / high);
    const places: Place[] = points.flatMap((of, i) => of.value === null ? [] : [{
        x: points.length > 1 ? 2 + (W - 4) * i / (points.length - 1) : W / 2, y: high_y(of.value), of,
    }]);
    const known = places.findIndex((p) => !p.of.estimated);
    const cut = known < 0 ? places.length - 1 : known;
    const first = places[0];
    const last = places[places.length - 1];
    const said = first && last
        ? t('{name}: {n} {unit} on {day}, {last} on {end}, at most {high}', { name: label, n: first.of.value ?? '', unit, day: dayName(first.of.day),
            last: last.of.value ?? '', end: dayName(last.of.day), high })
        : t('{name}: nothing is known yet', { name: label });
    const step = W / Math.max(1, points.length);
    return (
        <svg class={`trend fill-${tone}`} viewBox={`0 0 ${W} ${H}`} role="img" aria-label={said}>
            <line class="grid" x1="0" x2={W} y1={H - FOOT} y2={H - FOOT} />
            {first && last && places.length > 1 && (
                <path class="trend-area" d={`${line(places)}L${last.x} ${H - FOOT}L${first.x} ${H - FOOT}z`} />
            )}
            {cut > 0 && <path class="trend-line guessed" d={line(places.slice(0, cut + 1))} />}
            {cut < places.length - 1 && <path class="trend-line" d={line(places.slice(cut))} />}
            {last && <circle class="trend-dot" cx={last.x} cy={last.y} r="3" />}
            {points.map((p, i) => (
                <rect key={p.day} class="hover" x={i * step} y="0" width={step} height={H - FOOT}>
                    <title>{pointText(p, unit)}</title>
                </rect>
            ))}
            {first && <text class="tick start" x="0" y={H - 4}>{dayName(first.of.day)}</text>}
            {last && places.length > 1 && <text class="tick end" x={W} y={H - 4}>{t('today')}</text>}
        </svg>
    );
}
