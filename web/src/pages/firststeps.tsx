// firststeps.tsx - what the overview says while there is no device at all.
import type { JSX } from 'preact';
import { may } from '../app/session';
import { t } from '../app/words';

export function FirstSteps(): JSX.Element {
    return (
        <section class="card steps" aria-label={t('First steps')}>
            <h2>{t('Welcome. Three steps to a protected device.')}</h2>
            <ol>
                <li><strong>{t('Make an enrolment token.')}</strong>
                    <p>{t('It is good for one device and some minutes. You get a QR code for a phone and one command for a computer.')}</p></li>
                <li><strong>{t('Enrol the device.')}</strong>
                    <p>{t('The agent makes its own key, gets its certificate and begins to watch. It shows up here at once.')}</p></li>
                <li><strong>{t('Leave this page open.')}</strong>
                    <p>{t('Attacks and weaknesses appear by themselves, with the evidence and with what the employee was told.')}</p></li>
            </ol>
            {may('own')
                ? <a class="button primary" href="#/enrolment">{t('Make an enrolment token')}</a>
                : <p class="note">{t('Ask an administrator for a token: your role may look, not enrol.')}</p>}
        </section>
    );
}
