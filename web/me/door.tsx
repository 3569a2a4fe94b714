// door.tsx - the page without a session, and after its end.
import { Icon } from './icons';
import { t } from './words';

export const HOW = 'picket-agent page --open';

export function Door({ why, item }: { why: 'none' | 'wrong' | 'wait'; item: string | null }) {
    return (
        <main class="door" id="main">
            <img src="/favicon.svg" alt="" width="56" height="56" />
            <h1>{t('door')}</h1>
            {why !== 'none' && <p class="note warn" role="alert">{t(why === 'wait' ? 'door.wait' : 'door.wrong')}</p>}
            <p>{t('door.lead')}</p>
            <p>{t('door.how')}</p>
            <pre><code>{item === null ? HOW : `picket-agent page ${item} --open`}</code></pre>
            <p>{t('door.phone')}</p>
        </main>
    );
}

export function Done({ how }: { how: 'left' | 'erased' }) {
    return (
        <main class="door" id="main">
            <span class="shield ok"><Icon name="tick" /></span>
            <h1>{t(how)}</h1>
            <p>{t(how === 'left' ? 'left.lead' : 'erased.lead')}</p>
            <p class="dim">{t('title')}</p>
        </main>
    );
}
