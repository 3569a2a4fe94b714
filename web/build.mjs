// build.mjs - bundles the console into a folder: index.html, app-HASH.js, app-HASH.css, land-HASH.txt, favicon.svg.
// The names change with the content, so a server may let browsers keep the assets for ever.
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { report } from './budget.mjs';
import { landPath } from './land.mjs';

const here = dirname(fileURLToPath(import.meta.url));
if (process.argv.length !== 3) {
    console.error('usage: node build.mjs OUTDIR');
    process.exit(2);
}
const out = resolve(process.argv[2]);

const result = await build({
    entryPoints: { app: join(here, 'src/main.tsx') },
    outdir: out,
    write: false,
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['chrome123', 'firefox121', 'safari17.5'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'warning',
});

// Only what an earlier build left is removed: OUTDIR may be anything the caller named.
mkdirSync(out, { recursive: true });
for (const name of readdirSync(out)) {
    if (/^(app-[0-9a-f]{10}\.(js|css)|land-[0-9a-f]{10}\.txt)$/.test(name)) {
        rmSync(join(out, name));
    }
}

const hashOf = (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 10);
const names = {};
for (const file of result.outputFiles) {
    const ext = file.path.endsWith('.css') ? 'css' : 'js';
    names[ext] = `app-${hashOf(file.contents)}.${ext}`;
    writeFileSync(join(out, names[ext]), file.contents);
}

// Fetched by the map alone.
const land = landPath();
names.land = `land-${hashOf(land)}.txt`;
writeFileSync(join(out, names.land), land);

const page = readFileSync(join(here, 'src/index.html'), 'utf8');
writeFileSync(join(out, 'index.html'), page.replace('app.js', names.js).replace('app.css', names.css).replace('land.txt', names.land));
writeFileSync(join(out, 'favicon.svg'), readFileSync(join(here, 'src/favicon.svg')));

if (!report(out)) {
    console.error('the console is above its size budget');
    process.exit(1);
}
