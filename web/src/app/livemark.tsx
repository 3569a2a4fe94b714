// livemark.tsx - says whether the page is up to date by itself.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useCell } from './cell';
import type { LiveState } from './live';
import { live } from './live';

function words(state: LiveState): string {
    switch (state.kind) {
        case 'live': return 'Live';
        case 'starting': return 'Connecting';
        case 'paused': return 'Paused';
        case 'offline': {
            const s = Math.max(0, Math.ceil((state.retryAt - Date.now()) / 1000));
            return s > 0 ? `Offline · retry in ${s} s` : 'Offline · retrying';
        }
    }
}

export function LiveMark(): JSX.Element {
    const state = useCell(live);
    const [, tick] = useState(0);
    useEffect(() => {
        const timer = state.kind === 'offline' ? setInterval(() => tick((n) => n + 1), 1000) : undefined;
        return () => clearInterval(timer);
    }, [state]);
    return (
        <p class={`live live-${state.kind}`} data-live={state.kind}>
            <span class="live-dot" aria-hidden="true" />
            <span role="status" class="sr">{state.kind === 'offline' ? 'Live updates are offline' : ''}</span>
            <span>{words(state)}</span>
        </p>
    );
}
