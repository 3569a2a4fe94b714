// mistakes.tsx - what people called a mistake: for whom, why, until when, how often it held something back; and where the
// other exceptions are.
import type { JSX } from 'preact';
import { get } from '../api/client';
import type { AppException } from '../api/apptypes';
import type { Filter } from '../api/filter';
import { formatFilter, parseFilter, withValues } from '../api/filter';
import type { Mistake } from '../api/mistaketypes';
import type { Trust } from '../api/nettypes';
import type { Page, PicketEvent } from '../api/types';
import { href, incidentsHref } from '../app/address';
import { useResource } from '../app/resource';
import { replace } from '../app/router';
import { unscoped } from '../app/session';
import { number, rich, t, tn } from '../app/words';
import { Card, Empty, PageHead, ResourceView } from '../ui/basics';
import { ExportButton } from '../ui/export';
import { Search, Segments, Select } from '../ui/filterbar';
import { useList } from '../ui/list';
import { More, Table } from '../ui/table';
import { mistakeColumns } from './mistakelist';

const ACTIVE = 'active:yes'; // what one comes for
const NEWEST = '-created_at';

const CSV_HEAD = ['id', 'threat', 'subject', 'rule', 'scope', 'group', 'device', 'reason', 'created_at', 'created_by', 'expires_at', 'active', 'uses', 'used_at'];

const csvRow = (m: Mistake): (string | number | null)[] => [
    m.id, m.threat, m.subject, m.rule, m.scope, m.group, m.device?.name ?? null, m.reason, m.created_at, m.created_by, m.expires_at,
    m.active ? 'yes' : 'no', m.uses, m.used_at,
];

const isNews = (e: PicketEvent): boolean => e.type === 'audit' || e.type === 'incident.dismissed' || e.type === 'incident.reopened';

const WHICH = [{ id: 'yes', name: t('In force') }, { id: 'no', name: t('Expired') }, { id: '', name: t('All') }];
const SCOPES = [{ id: '', name: t('For anybody') }, { id: 'all', name: t('For everybody') }, { id: 'group', name: t('For a group') }, { id: 'device', name: t('For one device') }];

const ONE_ONLY: [string, string][] = [['threat', t('One threat only')], ['subject', t('One subject only')], ['rule', t('One rule only')]];

function Filters({ filter, onChange }: { filter: Filter; onChange: (next: Filter) => void }): JSX.Element {
    const set = (field: string, values: string[]): void => onChange(withValues(filter, field, values));
    return (
        <div class="filters">
            <Search value={filter['q']?.[0] ?? ''} label={t('Search reason, threat, person')} onChange={(text) => set('q', text ? [text] : [])} />
            <Segments label={t('Which')} options={WHICH} value={filter['active']?.[0] ?? ''} onChange={(id) => set('active', id ? [id] : [])} />
            <Select label={t('For whom')} value={filter['scope']?.[0] ?? ''} options={SCOPES} onChange={(id) => set('scope', id ? [id] : [])} />
            {ONE_ONLY.filter(([field]) => filter[field]).map(([field, name]) => (
                <button key={field} type="button" class="chip" aria-pressed="true" onClick={() => set(field, [])}>{name} ×</button>
            ))}
        </div>
    );
}

function NoMistakes({ filtered }: { filtered: boolean }): JSX.Element {
    return filtered ? (
        <Empty icon="search" title={t('No mistake matches these filters')}><p><a href={href(['mistakes'], { filter: 'q:' })}>{t('Show all of them')}</a></p></Empty>
    ) : (
        <Empty icon="undo" title={t('No mistake is in force')}>
            <p>{rich('When Picket is wrong, say it once: open {incident}, dismiss it with a reason, and choose for whom the same is a mistake from now on - its device, its group or everybody - and until when. The same finding then opens no incident that anybody is alerted to; the entry stands here until it ends or somebody withdraws it.', {
                incident: <a href={incidentsHref('state:open|mitigated')}>{t('the incident')}</a>,
            })} <a href={href(['mistakes'], { filter: 'active:no' })}>{t('Those that have expired')}</a></p>
        </Empty>
    );
}

// A number when there is one: the link is of use without it, too.
function Elsewhere({ to, title, count, text, open }: { to: string; title: string; count: string | undefined; text: string; open: string }): JSX.Element {
    return (
        <Card title={title} note={count}>
            <p class="note">{text}</p>
            <p><a href={to}>{open}</a></p>
        </Card>
    );
}

function OtherExceptions(): JSX.Element {
    const apps = useResource<Page<AppException>>('app-exceptions', (signal) =>
        get<Page<AppException>>('/app-exceptions', { query: { filter: ACTIVE, limit: 1 }, signal }), (e) => e.type.startsWith('app.exception'));
    const trust = useResource<Trust>('trust', (signal) => get<Trust>('/trust', { signal }));
    const entries = trust.data && trust.data.networks.length + trust.data.inspection_cas.length + trust.data.pac_urls.length
        + trust.data.split_zones.length + trust.data.hosts.length;
    return (
        <section aria-label={t('Exceptions elsewhere')}>
            <h2 class="above-cards">{t('Exceptions elsewhere')}</h2>
            <div class="thirds">
                <Elsewhere to="#/apps/exceptions" title={t('Exceptions for apps')} count={apps.data && t('{n} in force', { n: number(apps.data.total) })}
                    text={t('Findings of an app that do not count, for a reason and a while.')} open={t('Open exceptions for apps')} />
                <Elsewhere to="#/apps/rules" title={t('Rules for apps')} count={undefined} text={t('Which apps are let through, refused or unwanted.')} open={t('Open rules for apps')} />
                <Elsewhere to="#/networks/trust" title={t('Trusted networks')} count={entries !== undefined ? tn('{n} entry', '{n} entries', entries) : undefined}
                    text={t('Your own networks, inspection authorities, proxies and hosts, which the policy lists.')} open={t('Open trusted networks')} />
            </div>
        </section>
    );
}

export function MistakesPage({ query }: { query: Record<string, string> }): JSX.Element {
    const text = query['filter'] ?? ACTIVE;
    const sort = query['sort'] ?? NEWEST;
    const filter = parseFilter(text);
    const list = useList<Mistake>('/mistakes', { filter: formatFilter(filter), sort }, isNews);
    const show = (next: Filter, by: string): void => {
        const wanted = formatFilter(next) || 'q:'; // all of them: an empty address means those in force
        replace(href(['mistakes'], { filter: wanted === ACTIVE ? '' : wanted, sort: by === NEWEST ? '' : by }));
    };
    return (
        <>
            <PageHead title={t('Mistakes and exceptions')} note={list.data && tn('{n} mistake', '{n} mistakes', list.data.total)}>
                <ExportButton path="/mistakes" query={{ filter: formatFilter(filter), sort }} name="mistakes" head={CSV_HEAD} row={csvRow} />
            </PageHead>
            <Filters filter={filter} onChange={(next) => show(next, sort)} />
            {!unscoped() && <p class="note above-cards">{t('You see what concerns the devices of your groups. What holds for everybody is withdrawn by those who see everything.')}</p>}
            <ResourceView of={list} lines={6}>
                {(page) => page.items.length === 0 ? <NoMistakes filtered={text !== ACTIVE} /> : (
                    <div class="card flush">
                        <Table caption={t('Mistakes')} columns={mistakeColumns(list.reload)} rows={page.items} keyOf={(m) => m.id}
                            sort={sort} onSort={(by) => show(filter, by)} />
                        <More shown={page.items.length} total={page.total} more={page.next_cursor !== null} loading={list.loading} onMore={list.more} />
                    </div>
                )}
            </ResourceView>
            <OtherExceptions />
        </>
    );
}
