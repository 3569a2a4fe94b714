// policyversions.tsx - every version of the policy, and what changed from one to the next.
import type { JSX } from 'preact';
import { get } from '../api/client';
import type { PolicyVersion, PolicyVersionFull } from '../api/policytypes';
import { useResource } from '../app/resource';
import { rich, t, tn } from '../app/words';
import { Card, Empty, PageHead, ResourceView } from '../ui/basics';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { Ago, Exact } from '../ui/time';

const COLUMNS: Column<PolicyVersion>[] = [
    { id: 'version', head: t('Version'), kind: 'main', cell: (v) => <a href={`#/policies/versions/${v.version}`} data-main>{t('Version {n}', { n: v.version })}</a> },
    { id: 'name', head: t('Name'), cell: (v) => v.name ?? t('no longer readable') },
    { id: 'by', head: t('By'), cell: (v) => v.by },
    { id: 'at', head: t('When'), cell: (v) => v.at ? <Ago at={v.at} /> : '' },
];

export function PolicyVersions(): JSX.Element {
    const list = useResource<{ items: PolicyVersion[] }>('policy/versions', (signal) => get('/policy/versions', { signal }));
    return (
        <ResourceView of={list} lines={5}>
            {({ items }) => items.length === 0
                ? <Empty icon="policy" title={t('Only the built-in policy so far')}><p>{rich('Change it as a {draft}: the first version of your own appears here.', { draft: <a href="#/policies/draft">{t('draft')}</a> })}</p></Empty>
                : <Card title={t('Versions')} note={tn('{n} version', '{n} versions', items.length)}><Table caption={t('Versions of the policy')} columns={COLUMNS} rows={items} keyOf={(v) => String(v.version)} /></Card>}
        </ResourceView>
    );
}

function Line({ text }: { text: string }): JSX.Element {
    const mark = text.charAt(0);
    if (mark === '@') {
        return <span class="diff-skip">{t('… line {n}', { n: text.slice(2) })}{'\n'}</span>;
    }
    return mark === '+' ? <ins>{text}{'\n'}</ins> : mark === '-' ? <del>{text}{'\n'}</del> : <span>{text}{'\n'}</span>;
}

export function VersionPage({ id }: { id: string }): JSX.Element {
    const before = Math.max(0, Number(id) - 1);
    const one = useResource<PolicyVersionFull>(`policy ${id}`,
        (signal) => get(`/policy/versions/${encodeURIComponent(id)}`, { query: { against: before }, signal }));
    return (
        <>
            <PageHead title={t('Policy, version {n}', { n: id })} above={<a href="#/policies/versions">{t('Versions')}</a>} />
            <ResourceView of={one} lines={12}>
                {(v) => (
                    <>
                        <Card title={before === 0 ? t('Changes to the built-in policy') : t('Changes since version {n}', { n: before })}
                            note={v.diff
                                ? rich('{when} by {who}; {added} lines added, {removed} removed', { when: v.at && <Exact at={v.at} />, who: v.by, added: v.diff.added, removed: v.diff.removed })
                                : rich('{when} by {who}', { when: v.at && <Exact at={v.at} />, who: v.by })}>
                            {v.diff && v.diff.added + v.diff.removed > 0
                                ? <pre class="diff" tabIndex={0} aria-label={t('Changed lines')}>{v.diff.lines.split('\n').filter((l) => l !== '').map((l, i) => <Line key={i} text={l} />)}</pre>
                                : <p class="note">{t('Nothing: the text is the same.')}</p>}
                        </Card>
                        <Card title={t('The whole text')}><pre class="diff" tabIndex={0} aria-label={t('The policy')}>{v.text}</pre></Card>
                    </>
                )}
            </ResourceView>
        </>
    );
}
