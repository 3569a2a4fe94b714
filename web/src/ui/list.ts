// list.ts - a server list that grows page by page and stays fresh.
import { useState } from 'preact/hooks';
import { get } from '../api/client';
import type { Page, PicketEvent } from '../api/types';
import type { Resource } from '../app/resource';
import { useResource } from '../app/resource';

export const PAGE_SIZE = 50;
const MORE_SIZE = 200; // who asks for more wants a lot more
const ASK_MAX = 500;

export interface ListQuery {
    filter?: string;
    sort?: string;
}

// All rows of a query, page after page; for exports. Stops after `max` rows.
export async function getAll<T>(path: string, query: ListQuery, max: number): Promise<T[]> {
    const rows: T[] = [];
    let cursor: string | undefined;
    do {
        const page: Page<T> = await get<Page<T>>(path, { query: { ...query, limit: ASK_MAX, cursor } });
        rows.push(...page.items);
        cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined && rows.length < max);
    return rows;
}

async function firstRows<T>(path: string, query: ListQuery, count: number, signal: AbortSignal): Promise<Page<T>> {
    let page = await get<Page<T>>(path, { query: { ...query, limit: Math.min(count, ASK_MAX) }, signal });
    while (page.items.length < count && page.next_cursor !== null) {
        const more: Page<T> = await get<Page<T>>(path, {
            query: { ...query, cursor: page.next_cursor, limit: Math.min(count - page.items.length, ASK_MAX) },
            signal,
        });
        page = { ...more, items: [...page.items, ...more.items] };
    }
    return page;
}

export interface List<T> extends Resource<Page<T>> {
    more: () => void;
}

export function useList<T>(
    path: string,
    query: ListQuery,
    relevant?: (event: PicketEvent) => boolean,
): List<T> {
    const key = `${path}?${query.filter ?? ''}&${query.sort ?? ''}`;
    const [want, setWant] = useState({ key, count: PAGE_SIZE });
    const count = want.key === key ? want.count : PAGE_SIZE;
    const list = useResource<Page<T>>(key, (signal) => firstRows<T>(path, query, count, signal), relevant);
    const more = (): void => {
        const next = (list.data?.items.length ?? 0) + MORE_SIZE;
        setWant({ key, count: next });
        const cursor = list.data?.next_cursor;
        if (list.data && cursor) {
            const old = list.data;
            get<Page<T>>(path, { query: { ...query, cursor, limit: MORE_SIZE } }).then(
                (page) => list.set({ ...page, items: [...old.items, ...page.items] }),
                () => list.reload(),
            );
        }
    };
    return { ...list, more };
}
