// diff.ts - what is different between two texts, line by line. Pure.

export interface DiffLine {
    kind: 'same' | 'added' | 'removed';
    text: string;
}

const LINES_MAX = 2000; // of each text: the table of the comparison grows with their product

// The longest common lines stay; the rest is removed, then added.
export function diffLines(before: string, after: string): DiffLine[] {
    const a = before === '' ? [] : before.split('\n').slice(0, LINES_MAX);
    const b = after === '' ? [] : after.split('\n').slice(0, LINES_MAX);
    const width = b.length + 1;
    const best = new Uint16Array((a.length + 1) * width);
    const at = (i: number, j: number): number => best[i * width + j] ?? 0;
    for (let i = a.length - 1; i >= 0; i--) {
        for (let j = b.length - 1; j >= 0; j--) {
            best[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
        }
    }
    const out: DiffLine[] = [];
    let i = 0;
    let j = 0;
    while (i < a.length || j < b.length) {
        if (i < a.length && j < b.length && a[i] === b[j]) {
            out.push({ kind: 'same', text: a[i] ?? '' });
            i++;
            j++;
        } else if (i < a.length && (j >= b.length || at(i + 1, j) >= at(i, j + 1))) {
            out.push({ kind: 'removed', text: a[i++] ?? '' });
        } else {
            out.push({ kind: 'added', text: b[j++] ?? '' });
        }
    }
    return out;
}
