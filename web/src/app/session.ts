// session.ts - who is signed in. undefined: not asked yet; null: nobody.
import { ApiError, del, get, post, whenUnauthorized } from '../api/client';
import type { Role, Session } from '../api/types';
import { Cell } from './cell';

export const session = new Cell<Session | null | undefined>(undefined);

// Why the sign-in page shows, when there is more to say than "please sign in".
export const signedOutBecause = new Cell<'expired' | 'left' | null>(null);

whenUnauthorized(() => {
    if (session.get()) {
        signedOutBecause.set('expired');
        session.set(null);
    }
});

// The last question who is signed in, answered or not; never rejects.
let asked: Promise<unknown> = Promise.resolve();

// Throws when the server cannot say, e.g. because it does not answer.
export function loadSession(): Promise<void> {
    const answer = ask();
    asked = answer.catch(() => undefined);
    return answer;
}

async function ask(): Promise<void> {
    try {
        session.set(await get<Session>('/session'));
        signedOutBecause.set(null);
    } catch (error) {
        if (error instanceof ApiError && error.problem.status === 401) {
            session.set(null);
            return;
        }
        throw error;
    }
}

export async function signIn(token: string): Promise<void> {
    await post('/session', { token });
    await asked; // sent before there was a session: its 401, coming late, would end the new one
    await loadSession();
}

export async function signOut(): Promise<void> {
    await del('/session');
    signedOutBecause.set('left');
    session.set(null);
}

const RANK: Record<Role, number> = { viewer: 0, responder: 1, admin: 2 };

export function may(role: Role): boolean {
    const now = session.get();
    return now ? RANK[now.user.role] >= RANK[role] : false;
}
