// apps.tsx - every app that some device has or somebody uploaded: search, verdicts, who has it, upload.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { AppSummary } from '../api/apptypes';
import type { Filter } from '../api/filter';
import { formatFilter, parseFilter, toggled, withValues } from '../api/filter';
import { appsHref, href } from '../app/address';
import { replace } from '../app/router';
import { may } from '../app/session';
import { t, tn } from '../app/words';
import { VERDICT_NAME, VERDICTS } from '../ui/appwords';
import { Empty, PageHead, ResourceView } from '../ui/basics';
import { ExportButton } from '../ui/export';
import { Chips, Search, Select } from '../ui/filterbar';
import { Icon } from '../ui/icon';
import { useList } from '../ui/list';
import { More, Table } from '../ui/table';
import { APP_COLUMNS } from './applist';
import { AppTabs } from './appsettings';
import { UploadDialog } from './appupload';

const CSV_HEAD = ['id', 'package', 'label', 'signer', 'version', 'verdict', 'score', 'threat', 'devices', 'versions',
    'first_seen_at', 'last_seen_at'];

const csvRow = (a: AppSummary): (string | number | null)[] => [
    a.id, a.package, a.label, a.signer, a.version, a.verdict, a.score, a.threat, a.devices, a.versions, a.first_seen_at,
    a.last_seen_at,
];

const INSTALLERS = [
    { id: '', name: t('From anywhere') }, { id: 'hand', name: t('Installed by hand') },
    { id: 'com.android.vending', name: t('Google Play') }, { id: 'org.fdroid.fdroid', name: 'F-Droid' },
];

const ONLY: Record<string, string> = {
    device: t('One device only'), package: t('One package only'), signer: t('One signer only'), threat: t('One threat only'),
};

function AppFilters({ filter, onChange }: { filter: Filter; onChange: (next: Filter) => void }): JSX.Element {
    const set = (field: string, values: string[]): void => onChange(withValues(filter, field, values));
    return (
        <div class="filters">
            <Search value={filter['q']?.[0] ?? ''} label={t('Search name or package')}
                onChange={(text) => set('q', text ? [text] : [])} />
            <Chips label={t('Verdict')} on={filter['verdict'] ?? []}
                options={VERDICTS.map((v) => ({ id: v, name: VERDICT_NAME[v] }))}
                onToggle={(id) => onChange(toggled(filter, 'verdict', id))} />
            <Select label={t('Installed from')} value={filter['installer']?.[0] ?? ''} options={INSTALLERS}
                onChange={(id) => set('installer', id ? [id] : [])} />
            {['device', 'package', 'signer', 'threat'].filter((field) => filter[field]).map((field) => (
                <button key={field} type="button" class="chip" aria-pressed="true" onClick={() => set(field, [])}>
                    {ONLY[field]} ×
                </button>
            ))}
        </div>
    );
}

function NoApps({ filtered, onUpload }: { filtered: boolean; onUpload: () => void }): JSX.Element {
    return filtered ? (
        <Empty icon="search" title={t('No app matches these filters')}>
            <p><a href={appsHref('')}>{t('Show all apps')}</a></p>
        </Empty>
    ) : (
        <Empty icon="app" title={t('No apps yet')}>
            <p>{t('Devices tell which apps they have; a file that nobody has judged yet is asked for once. You can also upload one.')}</p>
            {may('respond') && (
                <p><button type="button" class="button primary" onClick={onUpload}><Icon name="upload" />{t('Upload an app')}</button></p>
            )}
        </Empty>
    );
}

export function AppsPage({ query }: { query: Record<string, string> }): JSX.Element {
    const [uploading, setUploading] = useState(false);
    const text = query['filter'] ?? '';
    const sort = query['sort'] ?? '-verdict';
    const filter = parseFilter(text);
    const list = useList<AppSummary>('/apps', { filter: text, sort }, (e) => e.type.startsWith('app.'));
    const show = (next: Filter, by: string): void =>
        replace(href(['apps'], { filter: formatFilter(next), sort: by === '-verdict' ? '' : by }));
    return (
        <>
            <PageHead title={t('Apps')} note={list.data && tn('{n} app', '{n} apps', list.data.total)}>
                <ExportButton path="/apps" query={{ filter: text, sort }} name="apps" head={CSV_HEAD} row={csvRow} />
                {may('respond') && (
                    <button type="button" class="button primary" onClick={() => setUploading(true)}>
                        <Icon name="upload" />{t('Upload')}
                    </button>
                )}
            </PageHead>
            <AppTabs now="" />
            <AppFilters filter={filter} onChange={(next) => show(next, sort)} />
            <ResourceView of={list} lines={8}>
                {(page) => page.items.length === 0 ? <NoApps filtered={text !== ''} onUpload={() => setUploading(true)} /> : (
                    <div class="card flush">
                        <Table caption={t('Apps')} columns={APP_COLUMNS} rows={page.items} keyOf={(a) => a.id}
                            sort={sort} onSort={(by) => show(filter, by)} />
                        <More shown={page.items.length} total={page.total} more={page.next_cursor !== null}
                            loading={list.loading} onMore={list.more} />
                    </div>
                )}
            </ResourceView>
            {uploading && <UploadDialog onClose={() => {
                setUploading(false);
                list.reload();
            }} />}
        </>
    );
}
