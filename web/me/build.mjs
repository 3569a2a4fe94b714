// build.mjs - bundles the employee's page into the console's folder: me.html, me-HASH.js, me-HASH.css and one LANGUAGE-HASH.js
// for each language but English. Says what a phone loads, and refuses to let that grow.
import { build } from 'esbuild';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
export const LIMIT_BYTES = 30 * 1024; // gzip: page, program, style and the largest language

// common: what every page of ours is built for. False: above the budget.
export async function buildMe(out, common) {
    const { outputFiles } = await build({
        ...common,
        absWorkingDir: here,
        entryPoints: { me: 'main.tsx' },
        outdir: out,
        splitting: true,
        loader: { '.json': 'text' }, // as a module, each key would be an export of its own: half as much again
        entryNames: '[name]-[hash]',
        chunkNames: '[name]-[hash]',
    });
    const gzip = (bytes) => gzipSync(bytes, { level: 9 }).length;
    const rows = outputFiles.map((file) => {
        writeFileSync(join(out, basename(file.path)), file.contents);
        return { name: basename(file.path), gzip: gzip(file.contents) };
    });
    const named = (pattern) => rows.find((row) => pattern.test(row.name)).name;
    const page = readFileSync(join(here, 'index.html'), 'utf8')
        .replace('/me.css', `/${named(/^me-.*\.css$/)}`).replace('/me.js', `/${named(/^me-.*\.js$/)}`);
    writeFileSync(join(out, 'me.html'), page);
    const languages = rows.filter((row) => /^(de|fr|es|it)-/.test(row.name));
    const sum = gzip(page) + rows.filter((row) => !languages.includes(row)).reduce((n, row) => n + row.gzip, 0) +
        Math.max(...languages.map((row) => row.gzip));
    console.log(`the employee's page loads ${(sum / 1024).toFixed(1)} kB of ${LIMIT_BYTES / 1024} kB (gzip)`);
    return languages.length === 4 && sum <= LIMIT_BYTES;
}
