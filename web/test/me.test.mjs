// me.test.mjs - the employee's page: its words in five languages, links, and where on a device something is mended.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = new URL('../me/', import.meta.url);
const LANGUAGES = ['de', 'es', 'fr', 'it'];
const read = (language) => JSON.parse(readFileSync(new URL(`lang/${language}.json`, here), 'utf8'));
const en = read('en');

const { outputFiles } = await build({
    stdin: { contents: "export * from './places'; export { readItem, readLink } from './api';", resolveDir: fileURLToPath(here), loader: 'ts' },
    bundle: true, write: false, format: 'esm', logLevel: 'warning',
});
const m = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
const source = readdirSync(here).filter((name) => /\.tsx?$/.test(name)).map((name) => readFileSync(new URL(name, here), 'utf8')).join('\n');

test('there are exactly these languages', () => {
    assert.deepEqual(readdirSync(new URL('lang/', here)).sort(), [...LANGUAGES, 'en'].sort().map((l) => `${l}.json`));
});

// Names and words that are the same everywhere, or in this language.
const SAME = {
    de: ['title', 'card.apps', 'card.updates'], fr: ['title', 'nav'], es: ['title', 'card.apps'], it: ['title', 'nav.privacy'],
};
for (const language of LANGUAGES) {
    const words = read(language);
    test(`${language}: no key is missing or too many`, () => {
        assert.deepEqual(Object.keys(words).sort(), Object.keys(en).sort());
    });
    test(`${language}: each text has the placeholders of the English one`, () => {
        const holes = (text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
        for (const key of Object.keys(en)) {
            assert.deepEqual(holes(words[key]), holes(en[key]), key);
        }
    });
    test(`${language}: nothing is empty, untranslated or far longer`, () => {
        for (const key of Object.keys(en)) {
            assert.ok(words[key].trim() === words[key] && words[key] !== '', key);
            assert.ok(words[key] !== en[key] || SAME[language].includes(key), `${key} is still English: ${en[key]}`);
            assert.ok(words[key].length <= Math.max(24, 2.2 * en[key].length), `${key} is long: ${words[key]}`);
        }
    });
}

test('every word is used, and every word that is used is there', () => {
    const built = /^(state|sub|card|act|kind|measure|path|place|light|outlook|probe|leaves|never|zone|remedy)(\.|$)/;
    const used = new Set([...source.matchAll(/\b(?:t|tn)\(\s*(?:[^'()]*\?\s*)?'([a-z_.]+)'/g)].map(([, key]) => key));
    for (const key of used) {
        assert.ok(key in en || `${key}.one` in en, `'${key}' is used but not there`);
    }
    for (const key of Object.keys(en)) {
        assert.ok(source.includes(`'${key}'`) || source.includes(`'${key.replace(/\.(one|other)$/, '')}'`) || built.test(key), `'${key}' is never used`);
    }
});

test('a kind of observation, a measure and an act that the server knows has words', () => {
    const root = new URL('../../', import.meta.url);
    const names = (file, list) => {
        const text = readFileSync(new URL(file, root), 'utf8');
        return [...text.slice(text.indexOf(list)).split(';')[0].matchAll(/"(\w+)"/g)].map(([, name]) => name);
    };
    for (const kind of names('src/model/observation.c', 'pk_observation_kind_names[] =')) {
        assert.ok(`kind.${kind}` in en, `kind.${kind}`);
    }
    const remedies = names('src/risk/hazard_reasons.c', 'pk_hazard_remedy_names[').filter((name) => name !== 'none');
    assert.ok(remedies.length >= 8);
    for (const remedy of remedies) {
        assert.ok(`remedy.${remedy}` in en, `remedy.${remedy}`);
    }
    for (const measure of names('src/model/situation.c', 'pk_measure_names[] =')) {
        assert.ok(`measure.${measure}` in en, `measure.${measure}`);
    }
});

test('a link is taken apart, and nothing else is one', () => {
    const token = '0123456789abcdef'.repeat(4);
    assert.deepEqual(m.readLink(`#${token}`), { token, item: null, net: null, name: null });
    assert.deepEqual(m.readLink(`#${token}&item=ab-1&net=net-01&name=Caf%C3%A9%20%26%20%3Cb%3E`),
        { token, item: 'ab-1', net: 'net-01', name: 'Café & <b>' });
    for (const hash of ['', '#', '#privacy', `#${token}0`, `#${token.slice(1)}`, `#${token.toUpperCase()}`, `#x${token}`]) {
        assert.equal(m.readLink(hash), null, hash);
    }
    assert.equal(m.readLink(`#${token}&item=a;reboot`).item, null);
    assert.equal(m.readLink(`#${token}&name=${'x'.repeat(500)}`).name.length, 64);
});

test('the link of an alert names one thing, and is no way in', () => {
    assert.equal(m.readItem('#item=0f5c-12'), '0f5c-12');
    assert.equal(m.readLink('#item=0f5c-12'), null);
    for (const hash of ['', '#item=', '#item=A', '#item=a b', '#item=a&x=1', '#items=a', `#item=${'a'.repeat(40)}`, '#x#item=a']) {
        assert.equal(m.readItem(hash), null, hash);
    }
});

test('every threat that a person can end by the settings leads there, with a path in words', () => {
    const ids = [...readFileSync(new URL('../../data/threats.yaml', import.meta.url), 'utf8').matchAll(/^- id: (\S+)$/gm)].map(([, id]) => id);
    assert.ok(ids.length > 50);
    for (const id of ids) {
        const place = m.placeOf(id);
        const android = m.linkOf({ threat: id, subject: { kind: 'thing', id: null } }, 'android');
        assert.equal(place === null, android === null, id);
        assert.ok(place === null || (`path.android.${place}` in en && `place.${place}` in en), id);
        if (m.linkOf({ threat: id, subject: { kind: 'thing', id: null } }, 'ios') !== null) {
            assert.ok(`path.ios.${place}` in en, id);
        }
        assert.equal(m.linkOf({ threat: id, subject: { kind: 'thing', id: null } }, 'linux'), null);
    }
    assert.equal(m.placeOf('network.arp_spoof'), 'wifi');
    assert.equal(m.placeOf('network.cell_2g_downgrade'), null);
});

test("an app's name cannot become another link", () => {
    const link = (id) => m.linkOf({ threat: 'malware.trojan', subject: { kind: 'app', id } }, 'android');
    assert.match(link('com.example.app'), /^intent:com\.example\.app#Intent;scheme=package;/);
    for (const id of ['com.x;S.browser_fallback_url=https://evil.example', 'com.x#Intent;end', 'javascript:alert(1)', 'x', '', 'com.x y']) {
        assert.equal(link(id), 'intent:#Intent;action=android.settings.APPLICATION_SETTINGS;end', id);
    }
});
