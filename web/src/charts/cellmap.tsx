// cellmap.tsx - coarse cells on a plain map with a graticule and, when it came, the land. The list beside it says the same.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Severity } from '../api/types';
import { t } from '../app/words';
import type { Box } from './geo';
import { around, eastText, lines, northText, WORLD, xOf, yOf } from './geo';

const WIDTH = 720;
const HEIGHT = 400;
const RADIUS_MIN = 6;

export interface MapCell extends Box {
    place: string;
    size: number; // how much is there
    tone: Severity | 'ok';
    title: string;
}

// The outline of the land is fetched when the map is looked at; without it the graticule alone is drawn.
export function useLand(): string {
    const [land, setLand] = useState('');
    useEffect(() => {
        const file = document.documentElement.dataset['land'];
        if (file) {
            fetch(file).then((answer) => answer.ok ? answer.text() : '').then(setLand, () => undefined);
        }
    }, []);
    return land;
}

const radius = (c: MapCell): number => RADIUS_MIN + Math.min(14, 3 * Math.log2(Math.max(1, c.size)));

export function CellMap({ cells, what, world, land, marked, onPick }: {
    cells: MapCell[]; what: string; world: boolean; land: string; marked: string | null; onPick: (place: string) => void;
}): JSX.Element {
    const view = world ? WORLD : around(cells, WIDTH / HEIGHT);
    const x = (longitude: number): number => xOf(view, longitude, WIDTH);
    const y = (latitude: number): number => yOf(view, latitude, HEIGHT);
    const scaleX = WIDTH / (view.east - view.west);
    const scaleY = HEIGHT / (view.north - view.south);
    return (
        <svg class="cellmap" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img"
            aria-label={t('Map of {n} {what}; the list beside it says the same', { n: cells.length, what })}>
            <g aria-hidden="true">
                {land && <path class="land" d={land} vector-effect="non-scaling-stroke"
                    transform={`translate(${-view.west * scaleX} ${view.north * scaleY}) scale(${scaleX} ${-scaleY})`} />}
                {lines(view.west, view.east).map((l) => (
                    <g key={`x${l}`}><line class="graticule" x1={x(l)} x2={x(l)} y1={0} y2={HEIGHT} />
                        <text class="map-text" x={x(l) + 3} y={HEIGHT - 5}>{eastText(l)}</text></g>
                ))}
                {lines(view.south, view.north).map((l) => (
                    <g key={`y${l}`}><line class="graticule" x1={0} x2={WIDTH} y1={y(l)} y2={y(l)} />
                        <text class="map-text" x={4} y={y(l) - 3}>{northText(l)}</text></g>
                ))}
                {[...cells].reverse().map((c) => (
                    <circle key={c.place} class={`cell cell-${c.tone}${c.place === marked ? ' marked' : ''}`}
                        cx={x((c.west + c.east) / 2)} cy={y((c.south + c.north) / 2)} r={radius(c)} onClick={() => onPick(c.place)}>
                        <title>{c.title}</title>
                    </circle>
                ))}
            </g>
        </svg>
    );
}
