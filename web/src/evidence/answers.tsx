// answers.tsx - what was answered to one question for a name: by the network, twice perhaps, and by the trusted resolver.
import type { JSX } from 'preact';
import type { Json, JsonObject } from '../api/types';
import { t } from '../app/words';
import { scalarText } from './shapes';

export const ANSWER_KEYS = ['name', 'resolver', 'answer', 'second_answer', 'second_answer_after_ms', 'expected', 'expected_by', 'expected_is_signed'];

export const isAnswers = (of: JsonObject): boolean =>
    typeof of['name'] === 'string' && Array.isArray(of['answer']) && Array.isArray(of['expected']);

const addresses = (value: Json | undefined): string => Array.isArray(value) ? value.map(scalarText).join(', ') : '';

export function Answers({ of }: { of: JsonObject }): JSX.Element {
    const expected = addresses(of['expected']);
    const rows: [string, string, boolean][] = [
        [t("The network's name server {name}", { name: scalarText(of['resolver'] ?? '') }), addresses(of['answer']), addresses(of['answer']) !== expected],
    ];
    if (Array.isArray(of['second_answer'])) {
        rows.push([t('A second answer, {n} ms later', { n: scalarText(of['second_answer_after_ms'] ?? 0) }), addresses(of['second_answer']),
            addresses(of['second_answer']) !== expected]);
    }
    if (expected !== '') {
        const way = { way: scalarText(of['expected_by'] ?? '') };
        rows.push([of['expected_is_signed'] === true ? t('The trusted resolver, by {way}, signed (DNSSEC)', way)
            : t('The trusted resolver, by {way}', way), expected, false]);
    }
    return (
        <div class="scroll" tabIndex={0} role="group" aria-label={t('Answers')}>
            <table class="small-table">
                <caption>{t('Answers for {name}', { name: scalarText(of['name'] ?? '') })}</caption>
                <thead><tr><th scope="col">{t('Who')}</th><th scope="col">{t('Answer')}</th></tr></thead>
                <tbody>
                    {rows.map(([who, what, wrong]) => (
                        <tr key={who} class={wrong ? 'changed' : ''}>
                            <th scope="row">{who}{wrong && <span class="sr"> {t('(not the expected answer)')}</span>}</th>
                            <td class="mono">{what || <span class="muted">{t('none')}</span>}</td>
                        </tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}
