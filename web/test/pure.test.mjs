// pure.test.mjs - the console's pure functions: addresses, filters, CSV, names, shapes of evidence.
import assert from 'node:assert/strict';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const { outputFiles } = await build({
    stdin: {
        contents: ['./api/filter', './app/address', './ui/csv', './ui/names', './ui/words', './evidence/shapes', './evidence/answers', './charts/geo', './charts/trend', './charts/gauge', './ui/diff', './ui/outlook']
            .map((name) => `export * from '${name}';`).join('\n'),
        resolveDir: fileURLToPath(new URL('../src', import.meta.url)),
    },
    bundle: true, write: false, format: 'esm', logLevel: 'warning', jsx: 'automatic', jsxImportSource: 'preact',
});
const m = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);

test('a filter reads what it wrote', () => {
    const filter = { state: ['open', 'mitigated'], q: ['cafe guest'], subject: ['aa:bb:cc'] };
    assert.equal(m.formatFilter(filter), 'state:open|mitigated,q:cafe guest,subject:aa:bb:cc');
    assert.deepEqual(m.parseFilter(m.formatFilter(filter)), filter);
});

test('a filter value cannot become another term', () => {
    assert.equal(m.formatFilter({ q: ['x,state:open|y'] }), 'q:x state:open y');
    assert.equal(m.formatFilter({ q: [' , '], state: [] }), '');
    assert.deepEqual(m.parseFilter('nonsense,:x,a:,b:1'), { b: ['1'] });
});

test('chips toggle', () => {
    assert.deepEqual(m.toggled({}, 'severity', 'high'), { severity: ['high'] });
    assert.deepEqual(m.toggled({ severity: ['high'] }, 'severity', 'high'), {});
    assert.ok(m.sameValues(['b', 'a'], ['a', 'b']) && !m.sameValues(undefined, ['a']) && m.sameValues(undefined, []));
});

test('an address reads what it wrote, whatever stands in it', () => {
    for (const text of ['state:open|x,q:a b', 'q:50%&more=1#?/', 'q:"ü"']) {
        const { path, query } = m.parseRoute(m.href(['incidents', 'a/b'], { filter: text, none: '' }));
        assert.deepEqual([path, query], [['incidents', 'a/b'], { filter: text }]);
    }
    assert.deepEqual(m.parseRoute('#/%E0%A4%A').path, ['%E0%A4%A']);
    assert.deepEqual(m.parseRoute(''), { path: [], query: {} });
});

test('a sign-in token is found in whatever was pasted', () => {
    for (const text of ['https://host:8443/#/signin/abc123', ' abc123\n', '#/signin/abc123', 'signin/abc123']) {
        assert.equal(m.signInToken(text), 'abc123', text);
    }
    assert.equal(m.signInToken('https://host/#/devices'), '');
    assert.equal(m.signInToken('   '), '');
});

test('CSV quotes, and no cell runs as a formula', () => {
    assert.equal(m.csv(['a', 'b'], [['x,"y"', null], ['=1+1', -2], ['@cmd', 'two\nlines']]),
        'a,b\r\n"x,""y""",\r\n\'=1+1,-2\r\n\'@cmd,"two\nlines"\r\n');
});

test('hidden networks read as words, and nothing else does', () => {
    assert.equal(m.said('"net-0123456789abcdef" is reading', 'net-0123456789abcdef'), 'Network 01234567 is reading');
    assert.equal(m.said('Leave "{subject}" now.', 'net-0123456789abcdef'), 'Leave network 01234567 now.');
    assert.equal(m.said('Leave "{subject}" now.'), 'Leave this network now.');
    assert.equal(m.said('"{subject}" asks', '$& Hotel'), '"$& Hotel" asks');
    assert.equal(m.said('net-nothing stays'), 'net-nothing stays');
    assert.equal(m.subjectName('net-0123456789abcdef'), 'Network 01234567');
    assert.ok(!m.isHidden('net-0123'));
});

test('labels', () => {
    assert.equal(m.label('gateway_mac'), 'Gateway MAC');
    assert.equal(m.threatName('network.tls_untrusted_ca'), 'TLS untrusted CA');
    assert.equal(m.plural(1, 'device'), '1 device');
    assert.equal(m.plural(2000, 'device'), '2,000 devices');
});

test('only what has the shape of a chain is drawn as one', () => {
    assert.equal(m.chainOf('text'), null);
    assert.equal(m.chainOf([]), null);
    assert.equal(m.chainOf([1]), null);
    assert.equal(m.chainOf([{ a: 1 }]), null);
    const [cert] = m.chainOf([{ subject: { odd: 1 }, pem: null }]);
    assert.deepEqual([cert.subject, cert.pem, cert.issuer], ['{"odd":1}', '', '']);
    assert.equal(m.neighboursOf({}), null);
    assert.equal(m.neighboursOf([{ ip: 1 }])[0].ip, '1');
});

test('common names', () => {
    assert.equal(m.commonName('CN=check.example,O=Example'), 'check.example');
    assert.equal(m.commonName('O=Cafe, CN = Proxy CA'), 'Proxy CA');
    assert.equal(m.commonName('/O=Cafe/CN=Proxy'), 'Proxy');
    assert.equal(m.commonName('O=No name'), 'O=No name');
});

test('a map holds all its cells, and one cell is not the whole map', () => {
    const cell = (west, south) => ({ west, south, east: west + 0.04, north: south + 0.04 });
    for (const cells of [[cell(13.4, 52.5)], [cell(-9.1, 38.7), cell(13.4, 52.5)], [cell(-170, -40), cell(175, 70)]]) {
        const view = m.around(cells, 1.8);
        for (const c of cells) {
            assert.ok(m.xOf(view, c.west, 100) >= 0 && m.xOf(view, c.east, 100) <= 100, JSON.stringify(view));
            assert.ok(m.yOf(view, c.north, 100) >= 0 && m.yOf(view, c.south, 100) <= 100, JSON.stringify(view));
        }
        assert.ok(view.north - view.south >= 3 && Math.abs((view.east - view.west) / (view.north - view.south) - 1.8) < 1e-6);
        assert.ok(m.lines(view.west, view.east).length <= 10);
    }
    assert.deepEqual(m.around([], 1.8), m.WORLD);
    assert.equal(m.placeText(cell(-9.16, 38.69)), '38.7° N, 9.1° W');
});

test('answers of name servers are told from other evidence', () => {
    assert.ok(m.isAnswers({ name: 'a.example', answer: ['192.0.2.1'], expected: [] }));
    assert.ok(!m.isAnswers({ name: 'a.example', answer: '192.0.2.1' }) && !m.isAnswers({ answer: [], expected: [] }));
});

test('a difference is told line by line, and puts both texts together again', () => {
    const before = 'a\nb\nc\nd';
    const after = 'a\nx\nc\nd\ne';
    const lines = m.diffLines(before, after);
    assert.deepEqual(lines.map((l) => `${l.kind[0]}${l.text}`), ['sa', 'rb', 'ax', 'sc', 'sd', 'ae']);
    assert.equal(lines.filter((l) => l.kind !== 'added').map((l) => l.text).join('\n'), before);
    assert.equal(lines.filter((l) => l.kind !== 'removed').map((l) => l.text).join('\n'), after);
    assert.deepEqual(m.diffLines('', ''), []);
    assert.deepEqual(m.diffLines('', 'a').map((l) => l.kind), ['added']);
});

test('a chance is told without false precision', () => {
    assert.deepEqual([0.0004, 0.0312, 0.2468, null, undefined].map(m.chance), ['under 0.1 %', '3.1 %', '25 %', 'unknown', 'unknown']);
});

test('a question on a list sets its fields and no other', () => {
    const filter = m.parseFilter('status:silent,level:high');
    assert.ok(m.sameFilter(filter, { status: ['silent'] }, ['status', 'outlook']));
    assert.ok(!m.sameFilter(filter, { outlook: ['high'] }, ['status', 'outlook']));
    assert.ok(!m.sameFilter({ status: ['silent'], outlook: ['high'] }, { status: ['silent'] }, ['status', 'outlook']));
});

test('the axis of a trend begins at nothing and holds the highest point', () => {
    assert.deepEqual(m.span([{ value: 3 }, { value: null }, { value: 8 }]), { low: 0, high: 8 });
    assert.deepEqual(m.span([]), { low: 0, high: 1 });
    assert.deepEqual([100, 85, 84, 70, 69, 50, 49, 0].map(m.scoreTone), ['ok', 'ok', 'medium', 'medium', 'high', 'high', 'critical', 'critical']);
});

test('an app is no network', () => {
    assert.equal(m.said('Uninstall "{subject}".', '', 'malware.unwanted'), 'Uninstall this app.');
    assert.equal(m.said('"{subject}" is bad', '', 'vulnerability.app_vulnerable'), 'This app is bad');
});

test('a threat is told in the words of the console, with what it is about', () => {
    const of = { threat: 'network.x', title: 'Somebody on "{subject}" listens', subject: 'net-0123456789abcdef' };
    const texts = { title: of.title, why: 'Why "{subject}".', next: ['Leave {subject}.'] };
    assert.equal(m.titleOf(of), 'Somebody on network 01234567 listens');
    m.learnWords([{ id: 'network.x', title: 'In „{subject}“ hört jemand mit', why: '{subject}: darum.', next: ['« {subject} » verlassen.'] }]);
    assert.equal(m.titleOf(of), 'In network 01234567 hört jemand mit');
    assert.equal(m.titleOf({ ...of, subject: 'Café $1' }), 'In „Café $1“ hört jemand mit');
    assert.equal(m.titleOf({ ...of, subject: '' }), 'In this network hört jemand mit');
    assert.deepEqual(m.wordsOf(of.threat, texts, of.subject), { title: 'In network 01234567 hört jemand mit', why: 'Network 01234567: darum.', next: ['Network 01234567 verlassen.'] });
    assert.equal(m.wordsOf('network.y', texts, of.subject).next[0], 'Leave network 01234567.');
});
