// deviceapps.tsx - the apps on one device, worst first.
import type { JSX } from 'preact';
import type { AppInstall } from '../api/apptypes';
import { appsHref } from '../app/address';
import { t, tn } from '../app/words';
import { Card } from '../ui/basics';
import { useList } from '../ui/list';
import { More } from '../ui/table';
import { InstalledTable } from './appparts';

export function AppsCard({ id, name }: { id: string; name: string }): JSX.Element | null {
    const list = useList<AppInstall>('/app-installs', { filter: `device:${id},present:yes`, sort: '-verdict' },
        (e) => e.type.startsWith('app.') || (e.device?.id === id && e.type.startsWith('device.')));
    const page = list.data;
    if (!page || page.items.length === 0) {
        return null; // it has told of none
    }
    return (
        <Card title={t('Apps')} note={tn('{n} app', '{n} apps', page.total)} class="flush" action={<a href={appsHref(`device:${id}`)}>{t('All in the explorer')}</a>}>
            <InstalledTable rows={page.items} device={name} />
            {page.next_cursor !== null && (
                <More shown={page.items.length} total={page.total} more loading={list.loading} onMore={list.more} />
            )}
        </Card>
    );
}
