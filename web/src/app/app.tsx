// app.tsx - sign-in or the console, by what the server says about the session.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ApiError } from '../api/client';
import { SignIn } from '../pages/signin';
import { Loading, ProblemBox } from '../ui/basics';
import { Logo } from '../ui/icon';
import { useCell } from './cell';
import { startLive, stopLive } from './live';
import { asApiError } from './resource';
import { route } from './router';
import { loadSession, session } from './session';
import { Shell } from './shell';

function Waiting({ error, retry }: { error: ApiError | null; retry: () => void }): JSX.Element {
    return (
        <main class="gate">
            <div class="gate-box">
                <span class="gate-logo"><Logo /></span>
                {error ? <ProblemBox error={error} retry={retry} /> : <Loading lines={3} />}
            </div>
        </main>
    );
}

export function App(): JSX.Element {
    const now = useCell(session);
    const at = useCell(route);
    const [error, setError] = useState<ApiError | null>(null);
    const signedIn = now != null;

    const ask = (): void => {
        setError(null);
        loadSession().catch((e: unknown) => setError(asApiError(e)));
    };
    useEffect(ask, []);
    useEffect(() => {
        if (signedIn) {
            startLive();
        } else {
            stopLive();
        }
    }, [signedIn]);

    if (at.path[0] === 'signin') {
        return <SignIn token={at.path[1]} />;
    }
    if (now === undefined) {
        return <Waiting error={error} retry={ask} />;
    }
    return now === null ? <SignIn token={undefined} /> : <Shell session={now} />;
}
