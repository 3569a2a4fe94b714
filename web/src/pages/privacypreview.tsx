// privacypreview.tsx - the three lists that the employee reads, out of the same rows as the reports.
import type { JSX } from 'preact';
import type { Privacy } from '../api/types';
import { t, tn } from '../app/words';
import { Card } from '../ui/basics';
import { Logo } from '../ui/icon';
import { label, sentence } from '../ui/words';

// Nothing in the program could send them: there is no field for them.
const NO_FIELD = [t('Messages, mails and calls'), t('Contacts and calendar'), t('Photos, videos and files'), t('Pages that you visit'),
    t('Passwords and what you type'), t('Where you are, beyond a square of about 5 km')];

const KINDS: Record<string, string> = {
    agent: t('Agent'), posture: t('Posture'), network: t('Network'), gateway: t('Gateway'), portal: t('Portal'), choice: t('Choice'), apps: t('Apps'),
    lease: t('Lease'), routers: t('Routers'), redirect: t('Redirect'), cell: t('Cell'), name: t('Name'), drill: t('Drill'),
};

// A kind of observation.
export const kindName = (kind: string): string => KINDS[kind] ?? label(kind);

function fields(of: Privacy, way: string): string[] {
    return [...new Set(of.kinds.filter((k) => k.kind !== 'every').flatMap((k) =>
        k.fields.filter((f) => f.personal === way).map((f) => f.what)))];
}

export function EmployeePreview({ of }: { of: Privacy }): JSX.Element {
    const kept = (what: string): number => of.retention.find((r) => r.what === what)?.days ?? 0;
    const groups = of.kinds.filter((k) => k.kind !== 'every')
        .map((k) => ({ kind: k.kind, said: k.fields.filter((f) => f.personal === 'collect').map((f) => f.what) }))
        .filter((k) => k.said.length > 0);
    return (
        <div class="halves">
            <div class="phone preview" role="region" aria-label={t('As the employee sees it')}>
                <p class="phone-head"><Logo /> {t('Picket · My privacy')}</p>
                <h2 class="phone-title">{t('What your organisation can never see')}</h2>
                <ul>{[...NO_FIELD, ...fields(of, 'never').map(sentence)].map((text) => <li key={text}>{text}</li>)}</ul>
                <h2 class="phone-title">{t('What it sees only scrambled')}</h2>
                <ul>{fields(of, 'blind').concat(t('the network, as a keyed hash of its name')).filter((text, i, all) => all.indexOf(text) === i)
                    .map((text) => <li key={text}>{sentence(text)}</li>)}</ul>
                <h2 class="phone-title">{t('What it can see')}</h2>
                {groups.map((g) => (
                    <details key={g.kind} class="fold">
                        <summary>{kindName(g.kind)} <span class="note">{tn('{n} field', '{n} fields', g.said.length)}</span></summary>
                        <ul>{g.said.map((text) => <li key={text}>{sentence(text)}</li>)}</ul>
                    </details>
                ))}
                <h2 class="phone-title">{t('How long')}</h2>
                <p>{t('Reports {reports} days, incidents {incidents} days after they ended, and who looked at this device {looks} days.',
                    { reports: kept('reports_days'), incidents: kept('incidents_days'), looks: kept('audit_days') })}</p>
            </div>
            <Card title={t('About this preview')}>
                <div class="prose stack-text">
                    <p>{t('The words at the left come from the same rows by which reports are written: when a field changes, they change.')}</p>
                    <p>{t('On their own page people also see what was sent today, who opened their device here, and can take a copy of everything that is kept, or ask to be forgotten.')}</p>
                    <p><a href="#/privacy">{t('All fields with their forms')}</a></p>
                </div>
            </Card>
        </div>
    );
}
