// reports.tsx - a report, to read here and to print; and those that are sent by mail.
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { getText } from '../api/client';
import { href } from '../app/address';
import { useResource } from '../app/resource';
import { replace } from '../app/router';
import { t } from '../app/words';
import { PageHead, ResourceView } from '../ui/basics';
import { Select } from '../ui/filterbar';
import { Icon } from '../ui/icon';
import { Tabs } from '../ui/tabs';
import { PlansPart } from './reportplans';
import { reportView } from './reportview';

const KINDS = [
    { id: 'security', name: t('State of security') },
    { id: 'actions', name: t('Recommended actions') },
    { id: 'compliance', name: t('Compliance') },
];

const PARTS = [{ id: '', name: t('Read'), to: '#/reports' }, { id: 'plans', name: t('Sent by mail'), to: '#/reports/plans' }];

function Report({ html }: { html: string }): JSX.Element {
    const body = useMemo(() => reportView(html), [html]);
    return <article class="card report" aria-label={t('The report')}>{body}</article>;
}

function Read({ query }: { query: Record<string, string> }): JSX.Element {
    const kind = KINDS.find((k) => k.id === query['kind'])?.id ?? 'security';
    const group = query['group'] ?? '';
    const show = (next: Record<string, string>): void => replace(href(['reports'], { kind, group, ...next }));
    const one = useResource<string>(`report ${kind} ${group}`,
        (signal) => getText(`/reports/${kind}`, { query: { group }, signal }));
    return (
        <>
            <div class="filters no-print">
                <Select label={t('Kind of report')} options={KINDS} value={kind} onChange={(id) => show({ kind: id })} />
                <label class="select"><span class="sr">{t('Group')}</span>
                    <input class="search group-field" type="text" maxLength={64} placeholder={t('All groups')} value={group}
                        onChange={(e) => show({ group: e.currentTarget.value.trim() })} /></label>
                <button type="button" class="button primary" onClick={() => print()}><Icon name="report" />{t('Print or save as PDF')}</button>
            </div>
            <ResourceView of={one} lines={12}>{(html) => <Report html={html} />}</ResourceView>
        </>
    );
}

export function ReportsPage({ part, query }: { part: string; query: Record<string, string> }): JSX.Element {
    return (
        <>
            <PageHead title={t('Reports')} />
            <Tabs label={t('Parts of Reports')} tabs={PARTS} now={part} />
            {part === 'plans' ? <PlansPart /> : <Read query={query} />}
        </>
    );
}
