// signin.tsx - the door: a one-time link opens it, or the same link pasted by hand.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ApiError } from '../api/client';
import { get } from '../api/client';
import { useCell } from '../app/cell';
import { asApiError } from '../app/resource';
import { signInToken } from '../app/address';
import { replace, route } from '../app/router';
import type { Shown } from '../app/session';
import { signedOutBecause, signIn } from '../app/session';
import { rich, t } from '../app/words';
import { ProblemBox } from '../ui/basics';
import { CodeLine } from '../ui/copy';
import { Icon, Logo } from '../ui/icon';
import { LanguageChoice } from '../ui/languages';

const RUN = 'make run'; // not for people
const NEW_LINK = 'picket user signin-link'; // not for people

interface Door {
    name: string;
    sso: { name: string; url: string } | null;
}

function Refused({ error, link }: { error: ApiError; link: boolean }): JSX.Element {
    const status = error.problem.status;
    if (!link && status === 401) {
        return (
            <div class="problem" role="alert">
                <Icon name="incident" />
                <div>
                    <strong>{t('That was not right')}</strong>
                    <p>{t('The name, the password or the code is wrong. A code works once: wait for the next one.')}</p>
                </div>
            </div>
        );
    }
    if (status !== 401 && status !== 403 && status !== 404) {
        return <ProblemBox error={error} />;
    }
    return (
        <div class="problem" role="alert">
            <Icon name="incident" />
            <div>
                <strong>{t('This sign-in link does not work any more')}</strong>
                <p>{t('A link opens the console once, within 15 minutes. Make a new one, as described below.')}</p>
            </div>
        </div>
    );
}

function NewLink(): JSX.Element {
    return (
        <details class="signin-help" open>
            <summary>{t('Where do I get a link?')}</summary>
            <ul>
                <li>{rich('{command} prints one when it starts.', { command: <code>{RUN}</code> })}</li>
                <li>{t('On the server, this makes a new one:')}
                    <CodeLine what={t('the command for a new link')} text={NEW_LINK} /></li>
                <li>{t('A colleague who is signed in as an owner can make one under Admins.')}</li>
            </ul>
        </details>
    );
}

function PasswordForm({ busy, enter }: { busy: boolean; enter: (shown: Shown) => void }): JSX.Element {
    const [name, setName] = useState('');
    const [password, setPassword] = useState('');
    const [code, setCode] = useState('');
    const submit = (event: Event): void => {
        event.preventDefault();
        enter({ name: name.trim(), password, code: code.trim() });
        setCode('');
    };
    return (
        <details class="signin-help">
            <summary>{t('Sign in with a password')}</summary>
            <form class="form" onSubmit={submit}>
                <label class="field"><span>{t('Name')}</span>
                    <input type="text" required maxLength={64} autocomplete="username" value={name}
                        onInput={(e) => setName(e.currentTarget.value)} /></label>
                <label class="field"><span>{t('Password')}</span>
                    <input type="password" required maxLength={512} autocomplete="current-password" value={password}
                        onInput={(e) => setPassword(e.currentTarget.value)} /></label>
                <label class="field"><span>{t('Code of the app, or a recovery code')}</span>
                    <input type="text" required maxLength={32} autocomplete="one-time-code" spellcheck={false} value={code}
                        onInput={(e) => setCode(e.currentTarget.value)} /></label>
                <button type="submit" class="button wide" disabled={busy}>{busy ? t('Signing in …') : t('Sign in with the password')}</button>
            </form>
        </details>
    );
}

export function SignIn({ token }: { token: string | undefined }): JSX.Element {
    const because = useCell(signedOutBecause);
    const [text, setText] = useState('');
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState<ApiError | null>(null);
    const [byLink, setByLink] = useState(true);
    const [door, setDoor] = useState<Door | null>(null);
    const used = useRef<string | null>(null);

    useEffect(() => {
        get<Door>('/door').then(setDoor, () => undefined); // the other ways in work without it
    }, []);
    const enter = (shown: Shown): void => {
        setByLink(shown.token !== undefined);
        setBusy(true);
        setError(null);
        signIn(shown).then(() => {
            // Whose session ended on some page goes on there.
            if (route.get().path[0] === 'signin') {
                replace('#/');
            }
        }, (e: unknown) => {
            setError(asApiError(e));
            setBusy(false);
        });
    };
    useEffect(() => {
        document.title = t('Sign in · Picket');
        if (token && used.current !== token) {
            used.current = token;
            replace('#/signin'); // the secret leaves the address bar and the history at once
            enter({ token });
        }
    }, [token]);

    const submit = (event: Event): void => {
        event.preventDefault();
        enter({ token: signInToken(text) });
    };
    return (
        <main class="gate">
            <div class="gate-box">
                <header class="gate-head">
                    <span class="gate-logo"><Logo /></span>
                    <h1>{t('Sign in to Picket')}</h1>
                    <p class="note">{busy ? t('Opening the door …') : because === 'expired'
                        ? t('Your session has ended. Sign in again to go on.') : because === 'left'
                            ? t('You are signed out.') : t('Open your one-time sign-in link, or paste it here.')}</p>
                </header>
                {error && <Refused error={error} link={byLink} />}
                {door?.sso && <a class="button primary wide" href={door.sso.url}>{t('Sign in with {name}', { name: door.sso.name })}</a>}
                <form class="form" onSubmit={submit}>
                    <label class="field">
                        <span>{t('Sign-in link or token')}</span>
                        <input type="text" name="token" required autocomplete="off" spellcheck={false}
                            value={text} placeholder={`${location.origin}/#/signin/…`}
                            onInput={(e) => setText(e.currentTarget.value)} />
                    </label>
                    <button type="submit" class={door?.sso ? 'button wide' : 'button primary wide'} disabled={busy || signInToken(text) === ''}>
                        {busy ? t('Signing in …') : t('Sign in')}
                    </button>
                </form>
                <PasswordForm busy={busy} enter={enter} />
                <NewLink />
                <LanguageChoice />
            </div>
        </main>
    );
}
