// build.mjs - bundles the console into a folder: index.html, app-HASH.js, app-HASH.css, one NAME-HASH.js for each group
// of pages, for what groups share and for each language but English, land-HASH.txt, favicon.svg. The names change with the content, so a server may
// let browsers keep the assets for ever.
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { report } from './budget.mjs';
import { landPath } from './land.mjs';
import { buildMe } from './me/build.mjs';

const here = dirname(fileURLToPath(import.meta.url));
if (process.argv.length !== 3) {
    console.error('usage: node build.mjs OUTDIR');
    process.exit(2);
}
const out = resolve(process.argv[2]);

// What every page of ours is built for.
const COMMON = {
    write: false,
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['chrome123', 'firefox121', 'safari17.5'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'warning',
};

const result = await build({
    ...COMMON,
    absWorkingDir: here,
    entryPoints: { app: 'src/main.tsx' },
    outdir: out,
    splitting: true,
    metafile: true,
    loader: { '.json': 'text' }, // as a module, each text would be an export of its own
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
});

// Only what an earlier build left is removed: OUTDIR may be anything the caller named.
mkdirSync(out, { recursive: true });
for (const name of readdirSync(out)) {
    if (/^[a-z]+-([0-9a-f]{10}|[A-Z2-7]{8})\.(js|css|txt)$/.test(name)) {
        rmSync(join(out, name));
    }
}
for (const file of result.outputFiles) {
    writeFileSync(join(out, basename(file.path)), file.contents);
}

// Fetched by the map alone.
const land = landPath();
const landName = `land-${createHash('sha256').update(land).digest('hex').slice(0, 10)}.txt`;
writeFileSync(join(out, landName), land);

// The first page is the overview: what it needs is asked for at once, not when app.js was read.
const outputs = Object.entries(result.metafile.outputs).map(([path, of]) => ({ name: basename(path), ...of }));
const named = (path) => outputs.find((o) => o.name === basename(path));
function closure(output, seen = new Set()) {
    if (!seen.has(output.name)) {
        seen.add(output.name);
        output.imports.filter((i) => i.kind === 'import-statement').forEach((i) => closure(named(i.path), seen));
    }
    return seen;
}
const entry = outputs.find((o) => o.entryPoint === 'src/main.tsx');
const starting = (path) => outputs.find((o) => o.entryPoint === path);
const early = new Set([entry, starting('src/app/start.tsx'), starting('src/groups/overview.tsx')].flatMap((o) => [...closure(o)]));
early.delete(entry.name);
const preload = [...early].map((name) => `<link rel="modulepreload" href="${name}">`).join('\n');
const page = readFileSync(join(here, 'src/index.html'), 'utf8')
    .replace('app.js', entry.name).replace('app.css', basename(entry.cssBundle)).replace('land.txt', landName)
    .replace('<!-- preload -->', preload);
writeFileSync(join(out, 'index.html'), page);
writeFileSync(join(out, 'favicon.svg'), readFileSync(join(here, 'src/favicon.svg')));

if (!await buildMe(out, COMMON)) {
    console.error("the employee's page is above its size budget");
    process.exit(1);
}

if (!report(out)) {
    console.error('the console is above its size budget');
    process.exit(1);
}
