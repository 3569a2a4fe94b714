// session.ts - who is signed in. undefined: not asked yet; null: nobody.
import { ApiError, del, get, post, whenUnauthorized } from '../api/client';
import type { Role, Session } from '../api/types';
import type { ThreatWords } from '../ui/names';
import { learnWords } from '../ui/names';
import { Cell } from './cell';
import { language } from './words';

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

// Before the first page shows: titles do not change under people's eyes. Without them the English ones stay.
async function learnThreats(): Promise<void> {
    if (language() !== 'en') {
        await get<{ items: ThreatWords[] }>('/threats', { query: { language: language() } })
            .then(({ items }) => learnWords(items), () => undefined);
    }
}

async function ask(): Promise<void> {
    try {
        const now = await get<Session>('/session');
        await learnThreats();
        session.set(now);
        signedOutBecause.set(null);
    } catch (error) {
        if (error instanceof ApiError && error.problem.status === 401) {
            session.set(null);
            return;
        }
        throw error;
    }
}

export interface Shown {
    token?: string;
    name?: string;
    password?: string;
    code?: string;
}

export async function signIn(shown: Shown): Promise<void> {
    await post('/session', shown);
    await asked; // sent before there was a session: its 401, coming late, would end the new one
    await loadSession();
}

export async function signOut(): Promise<void> {
    const on = await del<{ continue?: string } | null>('/session');
    if (on?.continue) {
        location.assign(on.continue); // the identity provider's own sign-out
        return;
    }
    signedOutBecause.set('left');
    session.set(null);
}

// What a page asks for; 'responder' and 'admin' are the roles by which older pages ask.
export type Right = 'view' | 'respond' | 'policy' | 'privacy' | 'own' | 'responder' | 'admin';

const RIGHTS: Record<Role, string> = {
    viewer: 'view', responder: 'view respond responder', policy: 'view respond responder policy', privacy: 'view privacy', // not for people
    owner: 'view respond responder policy privacy own admin', // not for people
};

export function may(right: Right): boolean {
    const now = session.get();
    return now ? RIGHTS[now.user.role].split(' ').includes(right) : false;
}

// Sees everything, not some groups alone.
export function unscoped(): boolean {
    return session.get()?.user.groups.length === 0;
}
