// table.tsx - lists of things: a table on wide screens, cards on a phone. Explicit roles, because
// the cards' display rules would take the table meaning away from screen readers.
import type { ComponentChildren, JSX } from 'preact';

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

export function Table<T>(props: TableProps<T>): JSX.Element {
    const { columns, sort, onSort } = props;
    const sorted = (c: Column<T>): 'ascending' | 'descending' | 'none' =>
        c.sort && sort === c.sort ? 'ascending' : c.sort && sort === `-${c.sort}` ? 'descending' : 'none';
    return (
        <table class="table" role="table" aria-label={props.caption}>
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
            <tbody role="rowgroup">
                {props.rows.map((row) => (
                    <tr key={props.keyOf(row)} role="row" data-row onClick={follow}
                        class={props.rowClass?.(row) ?? ''}>
                        {columns.map((c) => (
                            <td key={c.id} role="cell" class={`col-${c.kind ?? 'plain'} cell-${c.id}`}
                                data-label={c.head}>
                                {c.cell(row)}
                            </td>
                        ))}
                    </tr>
                ))}
            </tbody>
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
            <span class="note">{shown.toLocaleString('en')} of {total.toLocaleString('en')}</span>
            {more && (
                <button type="button" class="button" disabled={loading} onClick={onMore}>
                    {loading ? 'Loading …' : 'Show more'}
                </button>
            )}
        </div>
    );
}
