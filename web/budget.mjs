// budget.mjs - what the console may weigh, gzip-compressed: what the first page loads (index.html and all that it
// names), everything together, and one language beside English.
// As a program: node budget.mjs DIR prints the sizes and fails above a limit.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pathToFileURL } from 'node:url';

export const FIRST_LIMIT_BYTES = 90 * 1024;
export const LIMIT_BYTES = 200 * 1024; // without the languages: of them a browser loads one
export const LANGUAGE_LIMIT_BYTES = 48 * 1024;
const LANGUAGE = /^(de|es|fr|it)-/;

export function weigh(dir) {
    const index = readFileSync(join(dir, 'index.html'), 'utf8');
    const named = new Set([...index.matchAll(/(?:href|src)="([^"]+)"/g)].map((m) => m[1]).concat('index.html'));
    const rows = readdirSync(dir).sort().map((name) => {
        const bytes = readFileSync(join(dir, name));
        return { name, raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, first: named.has(name) };
    });
    const sum = (list) => list.reduce((n, row) => n + row.gzip, 0);
    return { rows, first: sum(rows.filter((row) => row.first)), total: sum(rows.filter((row) => !LANGUAGE.test(row.name))),
        language: Math.max(0, ...rows.filter((row) => LANGUAGE.test(row.name)).map((row) => row.gzip)) };
}

// Prints one line a file and the sums; false when one of them is above its limit.
export function report(dir) {
    const { rows, first, total, language } = weigh(dir);
    const kb = (n) => `${(n / 1024).toFixed(1)} kB`.padStart(10);
    for (const row of rows) {
        console.log(`${row.name.padEnd(28)}${kb(row.raw)}  gzip${kb(row.gzip)}${row.first ? '  first' : ''}`);
    }
    for (const [name, size, limit] of [['first load', first, FIRST_LIMIT_BYTES], ['total', total, LIMIT_BYTES],
        ['largest language', language, LANGUAGE_LIMIT_BYTES]]) {
        console.log(`${name.padEnd(28)}${''.padEnd(10)}  gzip${kb(size)} of ${kb(limit).trim()}`);
    }
    return first <= FIRST_LIMIT_BYTES && total <= LIMIT_BYTES && language <= LANGUAGE_LIMIT_BYTES;
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
