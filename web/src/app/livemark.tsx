// livemark.tsx - says whether the page is up to date by itself.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useCell } from './cell';
import type { LiveState } from './live';
import { live } from './live';
import { t } from './words';

function words(state: LiveState): string {
    switch (state.kind) {
        case 'live': return t('Live');
        case 'starting': return t('Connecting');
        case 'paused': return t('Paused');
        case 'offline': {
            const s = Math.max(0, Math.ceil((state.retryAt - Date.now()) / 1000));
            return s > 0 ? t('Offline · retry in {s} s', { s }) : t('Offline · retrying');
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
            <span role="status" class="sr">{state.kind === 'offline' ? t('Live updates are offline') : ''}</span>
            <span>{words(state)}</span>
        </p>
    );
}
