// signin.tsx - the door: a one-time link opens it, or the same link pasted by hand.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ApiError } from '../api/client';
import { useCell } from '../app/cell';
import { asApiError } from '../app/resource';
import { signInToken } from '../app/address';
import { replace, route } from '../app/router';
import { signedOutBecause, signIn } from '../app/session';
import { ProblemBox } from '../ui/basics';
import { CodeLine } from '../ui/copy';
import { Icon, Logo } from '../ui/icon';

function Refused({ error }: { error: ApiError }): JSX.Element {
    const status = error.problem.status;
    if (status !== 401 && status !== 403 && status !== 404) {
        return <ProblemBox error={error} />;
    }
    return (
        <div class="problem" role="alert">
            <Icon name="incident" />
            <div>
                <strong>This sign-in link does not work any more</strong>
                <p>A link opens the console once, within 15 minutes. Make a new one, as described below.</p>
            </div>
        </div>
    );
}

function NewLink(): JSX.Element {
    return (
        <details class="signin-help" open>
            <summary>Where do I get a link?</summary>
            <ul>
                <li><code>make run</code> prints one when it starts.</li>
                <li>On the server, this makes a new one:
                    <CodeLine what="the command for a new link" text="picket user signin-link" /></li>
                <li>A colleague who is signed in as an administrator can make one under System, People.</li>
            </ul>
        </details>
    );
}

export function SignIn({ token }: { token: string | undefined }): JSX.Element {
    const because = useCell(signedOutBecause);
    const [text, setText] = useState('');
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState<ApiError | null>(null);
    const used = useRef<string | null>(null);

    const enter = (secret: string): void => {
        setBusy(true);
        setError(null);
        signIn(secret).then(() => {
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
        document.title = 'Sign in · Picket';
        if (token && used.current !== token) {
            used.current = token;
            replace('#/signin'); // the secret leaves the address bar and the history at once
            enter(token);
        }
    }, [token]);

    const submit = (event: Event): void => {
        event.preventDefault();
        enter(signInToken(text));
    };
    return (
        <main class="gate">
            <div class="gate-box">
                <header class="gate-head">
                    <span class="gate-logo"><Logo /></span>
                    <h1>Sign in to Picket</h1>
                    <p class="note">{busy ? 'Opening the door …' : because === 'expired'
                        ? 'Your session has ended. Sign in again to go on.' : because === 'left'
                            ? 'You are signed out.' : 'Open your one-time sign-in link, or paste it here.'}</p>
                </header>
                {error && <Refused error={error} />}
                <form class="form" onSubmit={submit}>
                    <label class="field">
                        <span>Sign-in link or token</span>
                        <input type="text" name="token" required autocomplete="off" spellcheck={false}
                            value={text} placeholder={`${location.origin}/#/signin/…`}
                            onInput={(e) => setText(e.currentTarget.value)} />
                    </label>
                    <button type="submit" class="button primary wide" disabled={busy || signInToken(text) === ''}>
                        {busy ? 'Signing in …' : 'Sign in'}
                    </button>
                </form>
                <NewLink />
            </div>
        </main>
    );
}
