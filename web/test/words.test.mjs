// words.test.mjs - the console's texts: none escapes the tables, none is missing in a language, none is too many.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { collect, LANGUAGES, readTable, serverWords } from '../words.mjs';

const { keys, bare, odd } = collect();
const wanted = new Set([...keys.keys(), ...serverWords()]);

test('a text that is asked for is a literal: tables are made from the source', () => assert.deepEqual(odd, []));
test('every text is asked for', () => assert.deepEqual(bare, []));
test('there are exactly these languages', () => {
    const names = readdirSync(new URL('../lang/', import.meta.url)).filter((name) => name !== 'server.json');
    assert.deepEqual(names.sort(), LANGUAGES.map((language) => `${language}.json`));
});

const holes = (text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
// What may be the same in another language: names, numbers with units, loanwords.
const SAME = new Set(['{n} app|{n} apps', '{n} exception|{n} exceptions', '{n} incident|{n} incidents']);
for (const language of LANGUAGES) {
    const table = readTable(language);
    test(`${language}: no text is missing`, () => assert.deepEqual([...wanted].filter((key) => !Object.hasOwn(table, key)), []));
    test(`${language}: no text is too many`, () => assert.deepEqual(Object.keys(table).filter((key) => !wanted.has(key)), []));
    test(`${language}: each text has the holes of the English one`, () => {
        for (const [key, text] of Object.entries(table)) {
            const from = key.split('|'), to = text.split('|');
            assert.equal(to.length, from.length, key);
            from.forEach((part, i) => assert.deepEqual(holes(to[i]), holes(part), key));
        }
    });
    test(`${language}: nothing is empty or far longer`, () => {
        for (const [key, text] of Object.entries(table)) {
            assert.ok(text.trim() !== '', key);
            assert.ok(text.length <= Math.max(28, 2.2 * key.length), `${key} is long: ${text}`);
        }
    });
    test(`${language}: hardly a sentence is still English`, () => {
        const same = Object.entries(table).filter(([key, text]) => key === text && key.split('|')[0].split(' ').length > 2 && !SAME.has(key));
        assert.deepEqual(same.map(([key]) => key), []);
    });
}

const { outputFiles } = await build({
    stdin: { contents: "export * from './app/words';", resolveDir: fileURLToPath(new URL('../src', import.meta.url)), loader: 'ts' },
    bundle: true, write: false, format: 'esm', logLevel: 'warning',
});
const m = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);

test('what was chosen comes first, then what the browser asks for, then English', () => {
    assert.equal(m.wanted('it', ['de']), 'it');
    assert.equal(m.wanted(null, ['ja', 'fr-CH', 'de']), 'fr');
    assert.equal(m.wanted('xx', ['ja']), 'en');
});
test('holes are filled, and a text that no table has stays English', () => {
    assert.equal(m.t('{n} of {all}', { n: 1, all: 2 }), '1 of 2');
    assert.equal(m.t('{other}', { n: 1 }), '{other}');
    assert.equal(m.tn('{n} day', '{n} days', 1), '1 day');
    assert.equal(m.tn('{n} day', '{n} days', 1200), '1,200 days');
    assert.deepEqual(m.rich('a {b} c', { b: 7 }), ['a ', 7, ' c']);
});
