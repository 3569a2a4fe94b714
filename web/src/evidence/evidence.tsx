// evidence.tsx - the evidence of an incident. It describes itself; nothing in it is trusted or HTML.
import type { JSX } from 'preact';
import type { Json, JsonObject } from '../api/types';
import { t } from '../app/words';
import { label } from '../ui/words';
import { ANSWER_KEYS, Answers, isAnswers } from './answers';
import { Chain } from './chain';
import { Compare } from './compare';
import { Neighbours } from './neighbours';
import { chainOf, isObject, isScalar, neighboursOf, rowsOf, scalarText } from './shapes';

const DEEP_MAX = 3;
// Parts of pages and scripts that somebody put there: shown as they are, never run.
const FOREIGN = new Set(['came_instead', 'added', 'inserted', 'script']);

function Value({ value, deep }: { value: Json; deep: number }): JSX.Element {
    if (isScalar(value)) {
        return <span class={typeof value === 'string' && /^[0-9a-f:.]{8,}$/i.test(value) ? 'mono' : ''}>{scalarText(value)}</span>;
    }
    if (deep >= DEEP_MAX) {
        return <code class="raw">{JSON.stringify(value)}</code>;
    }
    if (isObject(value) && Object.keys(value).length > 0) {
        return <Evidence of={value} deep={deep + 1} />;
    }
    const rows = rowsOf(value);
    if (rows) {
        return <Rows rows={rows} deep={deep + 1} />;
    }
    const list = Array.isArray(value) ? value : [];
    return list.length === 0 ? <span class="muted">{t('none')}</span> : (
        <ul class="inline-list">
            {list.map((v, i) => <li key={i}><Value value={v} deep={deep + 1} /></li>)}
        </ul>
    );
}

function Rows({ rows, deep }: { rows: JsonObject[]; deep: number }): JSX.Element {
    const keys = [...new Set(rows.flatMap(Object.keys))];
    return (
        <div class="scroll" tabIndex={0} role="group" aria-label={t('Table')}>
            <table class="small-table">
                <thead><tr>{keys.map((k) => <th key={k} scope="col">{label(k)}</th>)}</tr></thead>
                <tbody>
                    {rows.map((row, i) => (
                        <tr key={i}>{keys.map((k) => <td key={k}>{k in row && <Value value={row[k] ?? null} deep={deep} />}</td>)}</tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}

export function Evidence({ of, deep = 0 }: { of: JsonObject; deep?: number }): JSX.Element {
    const rest = { ...of };
    const chain = chainOf(of['chain']);
    const before = of['before'];
    const afterKey = 'after' in of ? 'after' : 'now'; // a lease says how it is now
    const after = of[afterKey];
    const answers = isAnswers(of);
    const texts = Object.keys(of).filter((k) => FOREIGN.has(k) && typeof of[k] === 'string' && of[k] !== '');
    const compare = isObject(before) && isObject(after);
    const neighbours = neighboursOf(of['neighbours']);
    if (chain) {
        delete rest['chain'];
    }
    if (compare) {
        delete rest['before'];
        delete rest[afterKey];
    }
    if (neighbours) {
        delete rest['neighbours'];
    }
    for (const k of [...(answers ? ANSWER_KEYS : []), ...texts]) {
        delete rest[k];
    }
    const keys = Object.keys(rest);
    return (
        <div class="evidence">
            {keys.length > 0 && (
                <dl class="facts">
                    {keys.map((k) => (
                        <div key={k} class={isScalar(rest[k]) ? '' : 'tall'}>
                            <dt>{label(k)}</dt><dd><Value value={rest[k] ?? null} deep={deep} /></dd>
                        </div>
                    ))}
                </dl>
            )}
            {answers && <Answers of={of} />}
            {texts.map((k) => (
                <figure key={k} class="figure">
                    <figcaption>{label(k)}</figcaption>
                    <pre class="added" tabIndex={0}>{scalarText(of[k])}</pre>
                </figure>
            ))}
            {compare && <Compare before={before} after={after} />}
            {neighbours && <Neighbours list={neighbours} />}
            {chain && <Chain certificates={chain} />}
        </div>
    );
}
