// table.tsx - lists of things: a table on wide screens, cards on a phone. Explicit roles, because
// the cards' display rules would take the table meaning away from screen readers.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { number, t } from '../app/words';

export interface Column<T> {
    id: string;
    head: string;
    cell: (row: T) => ComponentChildren;
    // main: the row's name; side: left out on small screens; wide: only on wide ones
    kind?: 'main' | 'number' | 'side' | 'wide';
    sort?: string; // the field that the server sorts by
}

interface TableProps<T> {
    caption: string;
    columns: Column<T>[];
    rows: T[];
    keyOf: (row: T) => string;
    sort?: string;
    onSort?: (sort: string) => void;
    rowClass?: (row: T) => string;
}

// Clicking anywhere in a row follows its main link, unless the click meant something else.
function follow(event: MouseEvent): void {
    const target = event.target as Element;
    if (target.closest('a, button, input, label') || getSelection()?.toString()) {
        return;
    }
    (event.currentTarget as Element).querySelector<HTMLElement>('a[data-main]')?.click();
}

function SortHead({ head, field, sort, onSort }: {
    head: string; field: string; sort: string | undefined; onSort: (sort: string) => void;
}): JSX.Element {
    const down = sort === `-${field}`;
    const up = sort === field;
    return (
        <button type="button" class="sort" onClick={() => onSort(down ? field : `-${field}`)}>
            {head}<span aria-hidden="true" class={down || up ? 'on' : ''}>{up ? '↑' : '↓'}</span>
        </button>
    );
}

// A long list is drawn where one looks, and a screen or two around it: the rest stands as empty room of the same height.
const CHUNK = 50;
const WHOLE_MAX = 150;
const AROUND_PX = 1500;

function Chunk<T>({ table, rows, alone }: { table: TableProps<T>; rows: T[]; alone: boolean }): JSX.Element {
    const ref = useRef<HTMLTableSectionElement>(null);
    const high = useRef(0);
    const [near, setNear] = useState(true);
    useEffect(() => {
        const body = ref.current;
        if (alone || !body) {
            setNear(true);
            return undefined;
        }
        const watcher = new IntersectionObserver(([entry]) => {
            if (entry && !entry.isIntersecting && !body.contains(document.activeElement)) {
                high.current = Math.max(1, Math.round(entry.boundingClientRect.height));
                setNear(false);
            } else if (entry?.isIntersecting) {
                setNear(true);
            }
        }, { rootMargin: `${AROUND_PX}px 0px` });
        watcher.observe(body);
        return () => watcher.disconnect();
    }, [alone]);
    return (
        <tbody role="rowgroup" ref={ref}>
            {near ? rows.map((row) => (
                <tr key={table.keyOf(row)} role="row" data-row onClick={follow} class={table.rowClass?.(row) ?? ''}>
                    {table.columns.map((c) => (
                        <td key={c.id} role="cell" class={`col-${c.kind ?? 'plain'} cell-${c.id}`} data-label={c.head}>{c.cell(row)}</td>
                    ))}
                </tr>
            )) : (
                <tr class="room" aria-hidden="true"><td colSpan={table.columns.length}>
                    <svg width="1" height={high.current} aria-hidden="true" /></td></tr>
            )}
        </tbody>
    );
}

export function Table<T>(props: TableProps<T>): JSX.Element {
    const { columns, sort, onSort } = props;
    const sorted = (c: Column<T>): 'ascending' | 'descending' | 'none' =>
        c.sort && sort === c.sort ? 'ascending' : c.sort && sort === `-${c.sort}` ? 'descending' : 'none';
    return (
        <table class="table" role="table" aria-label={props.caption} aria-rowcount={props.rows.length > WHOLE_MAX ? props.rows.length + 1 : undefined}>
            <thead role="rowgroup">
                <tr role="row">
                    {columns.map((c) => (
                        <th key={c.id} role="columnheader" scope="col" class={`col-${c.kind ?? 'plain'}`}
                            aria-sort={c.sort ? sorted(c) : undefined}>
                            {c.sort && onSort
                                ? <SortHead head={c.head} field={c.sort} sort={sort} onSort={onSort} />
                                : c.head}
                        </th>
                    ))}
                </tr>
            </thead>
            {Array.from({ length: Math.max(1, Math.ceil(props.rows.length / CHUNK)) }, (_, n) => (
                <Chunk key={n} table={props} rows={props.rows.slice(n * CHUNK, (n + 1) * CHUNK)} alone={props.rows.length <= WHOLE_MAX} />
            ))}
        </table>
    );
}

interface MoreProps {
    shown: number;
    total: number;
    more: boolean;
    loading: boolean;
    onMore: () => void;
}

export function More({ shown, total, more, loading, onMore }: MoreProps): JSX.Element {
    return (
        <div class="more">
            <span class="note">{t('{n} of {all}', { n: number(shown), all: number(total) })}</span>
            {more && (
                <button type="button" class="button" disabled={loading} onClick={onMore}>
                    {loading ? t('Loading …') : t('Show more')}
                </button>
            )}
        </div>
    );
}
