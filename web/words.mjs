// words.mjs - the texts of the console: those that its source asks for, those that the tables have.
// As a program, for who edits texts:
//     node words.mjs                  says what is missing in which table, and which English text is not asked for by t()
//     node words.mjs FILE...          the texts of these source files that a table lacks, as lines to fill in
//     node words.mjs --tidy           sorts the tables, drops what nobody asks for
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

const here = fileURLToPath(new URL('.', import.meta.url));
export const LANGUAGES = ['de', 'es', 'fr', 'it'];
const ASKS = { t: 1, rich: 1, tn: 2 }; // how many literals each takes
// What is English and not for people's eyes: names of elements' properties whose value is a code.
const CODES = new Set(['class', 'd', 'id', 'key', 'type', 'name', 'role', 'rel', 'href', 'for', 'viewBox', 'autocomplete', 'inputmode',
    'scope', 'icon', 'kind', 'tone', 'sort', 'path', 'style', 'accept', 'method', 'target', 'lang', 'points', 'transform',
    'to', 'value', 'fill', 'stroke', 'stroke-linecap', 'stroke-linejoin', 'aria-hidden', 'aria-live', 'aria-labelledby', 'aria-describedby',
    'aria-controls', 'aria-pressed', 'aria-current', 'aria-haspopup', 'preserveAspectRatio', 'vector-effect']);
const PROSE = /\p{L}{2}/u; // in an element
const SENTENCE = /^\p{Lu}\p{Ll}+( |$)|\p{L}{2,} \p{Ll}{2,}/u; // anywhere else

export function sources(dir = join(here, 'src')) {
    return readdirSync(dir, { recursive: true }).filter((name) => /\.tsx?$/.test(name) && !name.endsWith('.d.ts'))
        .map((name) => join(dir, name)).sort();
}

const literal = (node) => (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) ? node.text : null);

// The literals that an argument may be: one, or one of two by a condition.
function literals(node) {
    if (ts.isConditionalExpression(node)) {
        return [...literals(node.whenTrue), ...literals(node.whenFalse)];
    }
    return ts.isParenthesizedExpression(node) ? literals(node.expression) : [literal(node)];
}

// Text between elements as JSX gives it to people.
const trimmed = (text) => text.split('\n').map((line) => line.trim()).filter((line) => line !== '').join(' ');

// keys: what is asked for, with the place; bare: English that no table can reach; odd: calls whose text is not a literal.
export function collect(files = sources()) {
    const keys = new Map(), bare = [], odd = [];
    for (const file of files) {
        const text = readFileSync(file, 'utf8');
        const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS);
        const place = (node) => `${relative(here, file)}:${tree.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
        const excused = (node) => /\/\/ not for people/.test(text.split('\n')[tree.getLineAndCharacterOfPosition(node.getStart()).line]);
        const visit = (node) => {
            if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && Object.hasOwn(ASKS, node.expression.text)) {
                const count = ASKS[node.expression.text];
                if (count === 2) {
                    const pair = node.arguments.slice(0, 2).map(literal);
                    pair.includes(null) ? odd.push(place(node)) : keys.set(pair.join('|'), place(node));
                } else {
                    const all = node.arguments.length > 0 ? literals(node.arguments[0]) : [null];
                    all.includes(null) ? odd.push(place(node)) : all.forEach((key) => keys.set(key, place(node)));
                }
                node.arguments.slice(count).forEach(visit);
                return;
            }
            if (ts.isImportDeclaration(node) || ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) {
                return;
            }
            if (ts.isJsxAttribute(node) && CODES.has(node.name.getText()) && node.initializer && ts.isStringLiteral(node.initializer)) {
                return;
            }
            if (ts.isJsxAttribute(node) && node.name.getText() === 'class') {
                return;
            }
            if (ts.isNewExpression(node) && node.expression.getText() === 'Error') {
                return; // for those who mend the console
            }
            const said = ts.isJsxText(node) ? trimmed(node.text)
                : ts.isTemplateExpression(node) ? [node.head.text, ...node.templateSpans.map((s) => s.literal.text)].join('{}')
                    : literal(node);
            const shape = ts.isJsxText(node) || (node.parent && ts.isJsxAttribute(node.parent)) ? PROSE : SENTENCE;
            if (said !== null && shape.test(said) && !excused(node)) {
                bare.push(`${place(node)}: ${said}`);
            }
            ts.forEachChild(node, visit);
        };
        visit(tree);
    }
    return { keys, bare, odd };
}

// Words that the server says, in English: lang/server.json, held equal to the server's by the tests.
export const serverWords = () => JSON.parse(readFileSync(join(here, 'lang/server.json'), 'utf8'));

const tablePath = (language) => join(here, `lang/${language}.json`);
export const readTable = (language) => JSON.parse(readFileSync(tablePath(language), 'utf8'));

// Also reads what a merge left: lines in any order, twice, without their comma.
function readLines(language) {
    const table = {};
    for (const line of readFileSync(tablePath(language), 'utf8').split('\n')) {
        const [, key, value] = /^\s*("(?:[^"\\]|\\.)*"):\s*("(?:[^"\\]|\\.)*"),?\s*$/.exec(line) ?? [];
        if (key !== undefined) {
            table[JSON.parse(key)] = JSON.parse(value);
        }
    }
    return table;
}

function tidy(wanted) {
    for (const language of LANGUAGES) {
        const table = readLines(language);
        const rows = Object.keys(table).filter((key) => wanted.has(key)).sort().map((key) => `    ${JSON.stringify(key)}: ${JSON.stringify(table[key])}`);
        writeFileSync(tablePath(language), `{\n${rows.join(',\n')}\n}\n`);
    }
}

function main(args) {
    const all = collect();
    const wanted = new Set([...all.keys.keys(), ...serverWords()]);
    if (args[0] === '--tidy') {
        return tidy(wanted);
    }
    const { keys, bare, odd } = args.length > 0 ? collect(args.map((name) => join(process.cwd(), name))) : all;
    bare.forEach((line) => console.log(`not asked for: ${line}`));
    odd.forEach((line) => console.log(`not a literal: ${line}`));
    const asked = args.length > 0 ? [...keys.keys()] : [...wanted];
    for (const language of LANGUAGES) {
        const table = readLines(language);
        const missing = asked.filter((key) => !Object.hasOwn(table, key));
        console.log(`${language}: ${missing.length} of ${asked.length} missing`);
        if (args.length > 0) {
            missing.forEach((key) => console.log(`    ${JSON.stringify(key)}: "",`));
        }
    }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
    main(process.argv.slice(2));
}
