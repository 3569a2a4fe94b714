// privacypreview.tsx - the three lists that the employee reads, out of the same rows as the reports.
import type { JSX } from 'preact';
import type { Privacy } from '../api/types';
import { Card } from '../ui/basics';
import { Logo } from '../ui/icon';
import { label, plural, sentence } from '../ui/words';

// Nothing in the program could send them: there is no field for them.
const NO_FIELD = ['Messages, mails and calls', 'Contacts and calendar', 'Photos, videos and files', 'Pages that you visit',
    'Passwords and what you type', 'Where you are, beyond a square of about 5 km'];

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
            <div class="phone preview" role="region" aria-label="As the employee sees it">
                <p class="phone-head"><Logo /> Picket · My privacy</p>
                <h2 class="phone-title">What your organisation can never see</h2>
                <ul>{[...NO_FIELD, ...fields(of, 'never').map(sentence)].map((t) => <li key={t}>{t}</li>)}</ul>
                <h2 class="phone-title">What it sees only scrambled</h2>
                <ul>{fields(of, 'blind').concat('the network, as a keyed hash of its name').filter((t, i, all) => all.indexOf(t) === i)
                    .map((t) => <li key={t}>{sentence(t)}</li>)}</ul>
                <h2 class="phone-title">What it can see</h2>
                {groups.map((g) => (
                    <details key={g.kind} class="fold">
                        <summary>{label(g.kind)} <span class="note">{plural(g.said.length, 'field')}</span></summary>
                        <ul>{g.said.map((t) => <li key={t}>{sentence(t)}</li>)}</ul>
                    </details>
                ))}
                <h2 class="phone-title">How long</h2>
                <p>Reports {kept('reports_days')} days, incidents {kept('incidents_days')} days after they ended, and who looked at
                    this device {kept('audit_days')} days.</p>
            </div>
            <Card title="About this preview">
                <div class="prose stack-text">
                    <p>The words at the left come from the same rows by which reports are written: when a field changes, they change.</p>
                    <p>On their own page people also see what was sent today, who opened their device here, and can take a copy of
                        everything that is kept, or ask to be forgotten.</p>
                    <p><a href="#/privacy">All fields with their forms</a></p>
                </div>
            </Card>
        </div>
    );
}
