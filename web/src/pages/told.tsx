// told.tsx - the words the employee was shown, drawn as the notice on the phone.
import type { JSX } from 'preact';
import type { Incident } from '../api/types';
import { t } from '../app/words';
import { Logo } from '../ui/icon';
import { isHidden, said } from '../ui/names';

export function Told({ texts, subject }: { texts: Incident['texts']; subject: string }): JSX.Element {
    return (
        <div class="phone">
            <p class="phone-head"><Logo /> {t('Picket')}</p>
            <p class="phone-title">{said(texts.title, subject)}</p>
            <p>{said(texts.why, subject)}</p>
            {texts.next.length > 0 && <ol>{texts.next.map((step) => <li key={step}>{said(step, subject)}</li>)}</ol>}
            {isHidden(subject) && <p class="sub">{t("The device puts in the network's own name, which stays there.")}</p>}
        </div>
    );
}
