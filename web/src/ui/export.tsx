// export.tsx - takes a whole filtered list along as a CSV file.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { asApiError } from '../app/resource';
import { t } from '../app/words';
import { csv, save } from './csv';
import { Icon } from './icon';
import type { ListQuery } from './list';
import { getAll } from './list';
import { toast } from './toast';

const ROWS_MAX = 50_000;

interface ExportProps<T> {
    path: string;
    query: ListQuery;
    name: string; // of the file, before the date
    head: string[];
    row: (item: T) => (string | number | null)[];
}

export function ExportButton<T>(props: ExportProps<T>): JSX.Element {
    const [busy, setBusy] = useState(false);
    const run = async (): Promise<void> => {
        const items = await getAll<T>(props.path, props.query, ROWS_MAX);
        save(`picket-${props.name}-${new Date().toISOString().slice(0, 10)}.csv`, csv(props.head, items.map(props.row)));
    };
    const start = (): void => {
        setBusy(true);
        run().catch((e: unknown) => toast(t('Export failed: {why}', { why: asApiError(e).message }), 'critical'))
            .finally(() => setBusy(false));
    };
    return (
        <button type="button" class="button" disabled={busy} onClick={start}>
            <Icon name="download" />{busy ? t('Exporting …') : t('Export CSV')}
        </button>
    );
}
