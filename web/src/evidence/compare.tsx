// compare.tsx - how it was and how it is, side by side; what changed stands out.
import type { JSX } from 'preact';
import type { Json, JsonObject } from '../api/types';
import { t } from '../app/words';
import { label } from '../ui/words';
import { scalarText } from './shapes';

function cellText(value: Json | undefined): string {
    return Array.isArray(value) ? value.map(scalarText).join(', ') : value === undefined ? '' : scalarText(value);
}

export function Compare({ before, after }: { before: JsonObject; after: JsonObject }): JSX.Element {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return (
        <div class="scroll" tabIndex={0} role="group" aria-label={t('Before and after')}>
            <table class="small-table compare">
                <thead>
                    <tr><th scope="col"><span class="sr">{t('What')}</span></th><th scope="col">{t('Before')}</th><th scope="col">{t('After')}</th></tr>
                </thead>
                <tbody>
                    {keys.map((k) => {
                        const [was, is] = [cellText(before[k]), cellText(after[k])];
                        return (
                            <tr key={k} class={was === is ? '' : 'changed'}>
                                <th scope="row">{label(k)}{was !== is && <span class="sr"> {t('(changed)')}</span>}</th>
                                <td class="mono">{was || <span class="muted">{t('none')}</span>}</td>
                                <td class="mono">{is || <span class="muted">{t('none')}</span>}</td>
                            </tr>
                        );
                    })}
                </tbody>
            </table>
        </div>
    );
}
