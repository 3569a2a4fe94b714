// resource.ts - data of one page: loaded, kept while it is loaded again, refreshed by live events.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../api/client';
import type { PicketEvent } from '../api/types';
import { onEvents } from './live';
import { t } from './words';

export interface Resource<T> {
    data: T | undefined;
    error: ApiError | undefined;
    loading: boolean;
    reload: () => void;
    set: (data: T) => void;
}

const REFRESH_MIN_MS = 1500;

export function asApiError(error: unknown): ApiError {
    return error instanceof ApiError ? error : new ApiError({
        type: 'urn:picket:error:console',
        title: t('The console could not read the answer'),
        status: 0,
        detail: error instanceof Error ? error.message : String(error),
    });
}

// `key` names what is loaded: when it changes, the old data goes and `load` runs anew. `relevant`
// says which live events make the data stale; refreshes are at least REFRESH_MIN_MS apart.
export function useResource<T>(
    key: string,
    load: (signal: AbortSignal) => Promise<T>,
    relevant?: (event: PicketEvent) => boolean,
): Resource<T> {
    const [state, setState] = useState<{ key: string; data?: T; error?: ApiError }>({ key });
    const [loading, setLoading] = useState(true);
    const latest = useRef({ key, load, relevant });
    const hand = useRef<AbortController | null>(null);
    const busy = useRef(false);
    latest.current = { key, load, relevant };

    const reload = useCallback(() => {
        hand.current?.abort();
        const mine = new AbortController();
        hand.current = mine;
        const asked = latest.current.key;
        setLoading(true);
        busy.current = true;
        latest.current.load(mine.signal).then(
            (data) => {
                if (!mine.signal.aborted) {
                    busy.current = false;
                    setState({ key: asked, data });
                    setLoading(false);
                }
            },
            (error: unknown) => {
                if (!mine.signal.aborted) {
                    busy.current = false;
                    setState((old) => old.key === asked
                        ? { ...old, error: asApiError(error) } : { key: asked, error: asApiError(error) });
                    setLoading(false);
                }
            },
        );
    }, []);

    useEffect(() => {
        reload();
        return () => hand.current?.abort();
    }, [key, reload]);

    useEffect(() => {
        let timer: ReturnType<typeof setTimeout> | undefined;
        let last = 0;
        const refresh = (): void => {
            if (busy.current) {
                timer = setTimeout(refresh, REFRESH_MIN_MS); // a slow link: let the answer come first
                return;
            }
            timer = undefined;
            last = Date.now();
            reload();
        };
        const end = onEvents((events) => {
            const test = latest.current.relevant;
            if (timer === undefined && test !== undefined && events.some(test)) {
                timer = setTimeout(refresh, Math.max(100, last + REFRESH_MIN_MS - Date.now()));
            }
        });
        return () => {
            clearTimeout(timer);
            end();
        };
    }, [reload]);

    const fresh = state.key === key;
    return {
        data: fresh ? state.data : undefined,
        error: fresh ? state.error : undefined,
        loading,
        reload,
        set: (data: T) => setState({ key, data }),
    };
}
