// languages.tsx - the choice of the console's language.
import type { JSX } from 'preact';
import type { Language } from '../app/words';
import { choose, language, LANGUAGES, t } from '../app/words';

export function LanguageChoice(): JSX.Element {
    return (
        <label class="select languages">
            <span class="sr">{t('Language')}</span>
            <select value={language()} onChange={(e) => choose(e.currentTarget.value as Language)}>
                {Object.entries(LANGUAGES).map(([id, name]) => <option key={id} value={id} lang={id}>{name}</option>)}
            </select>
        </label>
    );
}
