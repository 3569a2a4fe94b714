// land.mjs - the outline of the world's land as one SVG path in degrees, from the package world-atlas (Natural Earth, public domain).
// The file is TopoJSON: arcs of quantized steps, shared by the rings that name them; ~n is arc n backwards.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

function arcsOf({ arcs, transform: { scale, translate } }) {
    return arcs.map((steps) => {
        let [x, y] = [0, 0];
        return steps.map(([dx, dy]) => {
            x += dx;
            y += dy;
            return [x * scale[0] + translate[0], y * scale[1] + translate[1]];
        });
    });
}

const arcPoints = (arcs, n) => n >= 0 ? arcs[n] : [...arcs[~n]].reverse();

const number = (value) => String(Math.round(value * 10) / 10);

export function landPath() {
    const file = createRequire(import.meta.url).resolve('world-atlas/land-110m.json');
    const world = JSON.parse(readFileSync(file, 'utf8'));
    const arcs = arcsOf(world);
    const polygons = world.objects.land.geometries.flatMap((g) => g.type === 'MultiPolygon' ? g.arcs : [g.arcs]);
    return polygons.flat().map((ring) => {
        const points = ring.flatMap((n, i) => arcPoints(arcs, n).slice(i === 0 ? 0 : 1));
        return `M${points.map(([x, y]) => `${number(x)} ${number(y)}`).join('L')}Z`;
    }).join('');
}
