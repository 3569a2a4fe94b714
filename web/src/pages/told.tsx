// told.tsx - the words the employee was shown, drawn as the notice on the phone.
import type { JSX } from 'preact';
import type { Incident } from '../api/types';
import { Logo } from '../ui/icon';

export function Told({ texts }: { texts: Incident['texts'] }): JSX.Element {
    return (
        <div class="phone">
            <p class="phone-head"><Logo /> Picket</p>
            <p class="phone-title">{texts.title}</p>
            <p>{texts.why}</p>
            {texts.next.length > 0 && <ol>{texts.next.map((step) => <li key={step}>{step}</li>)}</ol>}
        </div>
    );
}
