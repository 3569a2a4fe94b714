// told.tsx - the words the employee was shown, drawn as the notice on the phone.
import type { JSX } from 'preact';
import type { Incident } from '../api/types';
import { t } from '../app/words';
import { Logo } from '../ui/icon';
import { isHidden, wordsOf } from '../ui/names';

export function Told({ incident }: { incident: Incident }): JSX.Element {
    const { title, why, next } = wordsOf(incident.threat, incident.texts, incident.subject);
    return (
        <div class="phone">
            <p class="phone-head"><Logo /> {t('Picket')}</p>
            <p class="phone-title">{title}</p>
            <p>{why}</p>
            {next.length > 0 && <ol>{next.map((step) => <li key={step}>{step}</li>)}</ol>}
            {isHidden(incident.subject) && <p class="sub">{t("The device puts in the network's own name, which stays there.")}</p>}
        </div>
    );
}
