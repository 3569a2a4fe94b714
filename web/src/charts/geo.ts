// geo.ts - where cells go on a flat map: longitude to the right, latitude up. Pure.
import { number, t } from '../app/words';

export interface Box {
    west: number;
    south: number;
    east: number;
    north: number;
}

export const WORLD: Box = { west: -180, south: -60, east: 180, north: 84 };

const SPAN_MIN = 3; // degrees: a single cell is not blown up to the whole map
const MARGIN = 0.15;

// The part of the world that holds all boxes, with room around; as wide as high times `ratio`, at least.
export function around(boxes: Box[], ratio: number): Box {
    if (boxes.length === 0) {
        return WORLD;
    }
    const west = Math.min(...boxes.map((b) => b.west));
    const east = Math.max(...boxes.map((b) => b.east));
    const south = Math.min(...boxes.map((b) => b.south));
    const north = Math.max(...boxes.map((b) => b.north));
    let height = Math.max((north - south) * (1 + 2 * MARGIN), SPAN_MIN);
    let width = Math.max((east - west) * (1 + 2 * MARGIN), SPAN_MIN);
    if (width < height * ratio) {
        width = height * ratio;
    } else {
        height = width / ratio;
    }
    const x = (west + east) / 2;
    const y = (south + north) / 2;
    return { west: x - width / 2, east: x + width / 2, south: y - height / 2, north: y + height / 2 };
}

export const xOf = (view: Box, longitude: number, width: number): number => (longitude - view.west) / (view.east - view.west) * width;
export const yOf = (view: Box, latitude: number, height: number): number => (view.north - latitude) / (view.north - view.south) * height;

const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60];

// Round degrees for lines of a graticule: at most about eight.
export function lines(from: number, to: number): number[] {
    const step = STEPS.find((s) => (to - from) / s <= 8) ?? 90;
    const out: number[] = [];
    for (let i = Math.ceil(from / step); i * step <= to; i++) {
        out.push(Math.round(i * step * 1000) / 1000);
    }
    return out;
}

const degrees = (value: number, plus: string, minus: string): string =>
    `${number(Math.abs(value), { maximumFractionDigits: 1 })}°${value > 0 ? ` ${plus}` : value < 0 ? ` ${minus}` : ''}`;

export const eastText = (longitude: number): string => degrees(longitude, t('E'), t('W'));
export const northText = (latitude: number): string => degrees(latitude, t('N'), t('S'));
export const placeText = (b: Box): string =>
    `${northText(Math.round((b.south + b.north) * 5) / 10)}, ${eastText(Math.round((b.west + b.east) * 5) / 10)}`;
