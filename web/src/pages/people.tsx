// people.tsx - let a colleague in: a one-time sign-in link with a role.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ApiError } from '../api/client';
import { post } from '../api/client';
import type { Role, SigninLink } from '../api/types';
import { asApiError } from '../app/resource';
import { rich, t } from '../app/words';
import { Card, ProblemBox } from '../ui/basics';
import { CodeLine } from '../ui/copy';
import { groupsOf, GroupsField, RoleField } from '../ui/rolefield';
import { Ago } from '../ui/time';

export function PeoplePart(): JSX.Element {
    const [name, setName] = useState('');
    const [role, setRole] = useState<Role>('viewer');
    const [groups, setGroups] = useState('');
    const [made, setMade] = useState<(SigninLink & { name: string }) | null>(null);
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState<ApiError | null>(null);
    const submit = (event: Event): void => {
        event.preventDefault();
        setBusy(true);
        setError(null);
        post<SigninLink>('/users/signin-link', { name: name.trim(), role, groups: groupsOf(groups) })
            .then((link) => {
                setMade({ ...link, name: name.trim() });
                setName('');
            }, (e: unknown) => setError(asApiError(e)))
            .finally(() => setBusy(false));
    };
    return (
        <>
            <Card title={t('Sign-in link')} note={t('Opens the console once, within 15 minutes')}>
                <form class="form form-row" onSubmit={submit}>
                    <label class="field grow"><span>{t('Name')}</span>
                        <input type="text" required maxLength={64} value={name} placeholder={t('Who will sign in')}
                            onInput={(e) => setName(e.currentTarget.value)} /></label>
                    <RoleField value={role} onChange={setRole} />
                    <GroupsField value={groups} onChange={setGroups} />
                    <button type="submit" class="button primary" disabled={busy}>{busy ? t('Making …') : t('Make link')}</button>
                </form>
                {error && <ProblemBox error={error} />}
            </Card>
            {made && (
                <Card title={t('Link for {name}', { name: made.name })} class="fresh-token"
                    action={<button type="button" class="button small" onClick={() => setMade(null)}>{t('Done')}</button>}>
                    <CodeLine what={t('the sign-in link')} text={made.url} />
                    <p class="callout">{rich('Shown only now. Send it by a safe way: whoever opens it first is signed in as {name}. Expires {when}.',
                        { name: made.name, when: <Ago at={made.expires_at} /> })}</p>
                </Card>
            )}
        </>
    );
}
