// live.ts - the one long poll of the whole console: GET /events, cursor by cursor, with back-off.
// A hidden tab lets go of its connection (browsers allow six a server) and catches up when shown.
import { ApiError, get } from '../api/client';
import type { PicketEvent } from '../api/types';
import { Cell } from './cell';

export type LiveState =
    | { kind: 'starting' | 'live' | 'paused' }
    | { kind: 'offline'; retryAt: number }; // ms since the epoch

const WAIT_S = 25;
const BATCH = 200;
const KEPT = 500;
const APART_MS = 700; // a busy fleet: news in handfuls, not one call each
const BACKOFF_MS = [1000, 2000, 5000, 10000, 20000, 30000];

export const live = new Cell<LiveState>({ kind: 'starting' });

// The latest events since sign-in, newest first, at most KEPT.
export const recent = new Cell<PicketEvent[]>([]);

type Listener = (events: PicketEvent[]) => void;
const listeners = new Set<Listener>();
let running: AbortController | null = null;

export function onEvents(listener: Listener): () => void {
    listeners.add(listener);
    return () => {
        listeners.delete(listener);
    };
}

interface Batch {
    items: PicketEvent[];
    next: string;
}

function deliver(items: PicketEvent[]): void {
    if (items.length > 0) {
        recent.set([...items].reverse().concat(recent.get()).slice(0, KEPT));
        for (const listener of [...listeners]) {
            listener(items);
        }
    }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((done) => {
        const wake = (): void => {
            clearTimeout(timer);
            removeEventListener('online', wake);
            signal.removeEventListener('abort', wake);
            done();
        };
        const timer = setTimeout(wake, ms);
        addEventListener('online', wake);
        signal.addEventListener('abort', wake);
    });
}

function visible(signal: AbortSignal): Promise<void> {
    return new Promise((done) => {
        const check = (): void => {
            if (document.visibilityState === 'visible' || signal.aborted) {
                document.removeEventListener('visibilitychange', check);
                done();
            }
        };
        document.addEventListener('visibilitychange', check);
        signal.addEventListener('abort', check);
        check();
    });
}

// One poll that is given up as soon as the tab is hidden; null then.
async function poll(after: string, wait: number, signal: AbortSignal): Promise<Batch | null> {
    const hand = new AbortController();
    const letGo = (): void => {
        if (document.visibilityState === 'hidden' || signal.aborted) {
            hand.abort();
        }
    };
    document.addEventListener('visibilitychange', letGo);
    signal.addEventListener('abort', letGo);
    const timer = setTimeout(() => hand.abort(), (wait + 15) * 1000);
    try {
        return await get<Batch>('/events', {
            query: { after, wait, limit: BATCH },
            signal: hand.signal,
        });
    } catch (error) {
        if (hand.signal.aborted) {
            return null;
        }
        throw error;
    } finally {
        clearTimeout(timer);
        document.removeEventListener('visibilitychange', letGo);
        signal.removeEventListener('abort', letGo);
    }
}

async function run(signal: AbortSignal): Promise<void> {
    let after = 'now';
    let failures = 0;
    while (!signal.aborted) {
        if (document.visibilityState === 'hidden') {
            live.set({ kind: 'paused' });
            await visible(signal);
            continue;
        }
        const began = Date.now();
        try {
            const batch = await poll(after, after === 'now' || failures > 0 ? 0 : WAIT_S, signal);
            if (signal.aborted || batch === null) {
                continue;
            }
            failures = 0;
            after = batch.next;
            if (live.get().kind !== 'live') {
                live.set({ kind: 'live' });
            }
            deliver(batch.items);
            if (batch.items.length > 0 && batch.items.length < BATCH) {
                await sleep(Math.max(0, began + APART_MS - Date.now()), signal);
            }
        } catch (error) {
            if (error instanceof ApiError && error.problem.status === 401) {
                return;
            }
            // The server forgot this cursor (restored from a backup, say): go on from now.
            if (error instanceof ApiError && error.problem.status === 400) {
                after = 'now';
            }
            const pause = BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)] ?? 30000;
            failures++;
            live.set({ kind: 'offline', retryAt: Date.now() + pause });
            await sleep(pause, signal);
        }
    }
}

export function startLive(): void {
    if (running === null) {
        running = new AbortController();
        live.set({ kind: 'starting' });
        void run(running.signal);
    }
}

export function stopLive(): void {
    running?.abort();
    running = null;
    recent.set([]);
}
