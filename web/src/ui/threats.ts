// threats.ts - the threat catalogue, asked for once; ids stand in until it is there.
import { get } from '../api/client';
import type { Threat } from '../api/types';
import { Cell, useCell } from '../app/cell';

const catalogue = new Cell<Threat[]>([]);
let asked = false;

export function useThreats(): Threat[] {
    if (!asked) {
        asked = true;
        get<Threat[] | { items: Threat[] }>('/threats').then(
            (answer) => catalogue.set(Array.isArray(answer) ? answer : answer.items),
            () => {
                asked = false;
            },
        );
    }
    return useCell(catalogue);
}
