// answers.tsx - what was answered to one question for a name: by the network, twice perhaps, and by the trusted resolver.
import type { JSX } from 'preact';
import type { Json, JsonObject } from '../api/types';
import { scalarText } from './shapes';

export const ANSWER_KEYS = ['name', 'resolver', 'answer', 'second_answer', 'second_answer_after_ms', 'expected', 'expected_by', 'expected_is_signed'];

export const isAnswers = (of: JsonObject): boolean =>
    typeof of['name'] === 'string' && Array.isArray(of['answer']) && Array.isArray(of['expected']);

const addresses = (value: Json | undefined): string => Array.isArray(value) ? value.map(scalarText).join(', ') : '';

export function Answers({ of }: { of: JsonObject }): JSX.Element {
    const expected = addresses(of['expected']);
    const signed = of['expected_is_signed'] === true ? ', signed (DNSSEC)' : '';
    const rows: [string, string, boolean][] = [
        [`The network's name server ${scalarText(of['resolver'] ?? '')}`, addresses(of['answer']), addresses(of['answer']) !== expected],
    ];
    if (Array.isArray(of['second_answer'])) {
        rows.push([`A second answer, ${scalarText(of['second_answer_after_ms'] ?? 0)} ms later`, addresses(of['second_answer']),
            addresses(of['second_answer']) !== expected]);
    }
    if (expected !== '') {
        rows.push([`The trusted resolver, by ${scalarText(of['expected_by'] ?? '')}${signed}`, expected, false]);
    }
    return (
        <div class="scroll" tabIndex={0} role="group" aria-label="Answers">
            <table class="small-table">
                <caption>Answers for {scalarText(of['name'] ?? '')}</caption>
                <thead><tr><th scope="col">Who</th><th scope="col">Answer</th></tr></thead>
                <tbody>
                    {rows.map(([who, what, wrong]) => (
                        <tr key={who} class={wrong ? 'changed' : ''}>
                            <th scope="row">{who}{wrong && <span class="sr"> (not the expected answer)</span>}</th>
                            <td class="mono">{what || <span class="muted">none</span>}</td>
                        </tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}
