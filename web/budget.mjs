// budget.mjs - what the console may weigh: everything a browser loads, gzip-compressed, in one sum.
// As a program: node budget.mjs DIR prints the sizes and fails above the limit.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pathToFileURL } from 'node:url';

export const LIMIT_BYTES = 100 * 1024;

export function weigh(dir) {
    const rows = readdirSync(dir).sort().map((name) => {
        const bytes = readFileSync(join(dir, name));
        return { name, raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length };
    });
    return { rows, total: rows.reduce((sum, row) => sum + row.gzip, 0) };
}

// Prints one line a file and the sum; false when the sum is above the limit.
export function report(dir) {
    const { rows, total } = weigh(dir);
    const kb = (n) => `${(n / 1024).toFixed(1)} kB`.padStart(10);
    for (const row of rows) {
        console.log(`${row.name.padEnd(24)}${kb(row.raw)}  gzip${kb(row.gzip)}`);
    }
    console.log(`${'total'.padEnd(24)}${''.padEnd(10)}  gzip${kb(total)} of ${kb(LIMIT_BYTES).trim()}`);
    return total <= LIMIT_BYTES;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
    if (process.argv.length !== 3) {
        console.error('usage: node budget.mjs DIR');
        process.exit(2);
    }
    if (!report(process.argv[2])) {
        console.error('the console is above its size budget');
        process.exit(1);
    }
}
