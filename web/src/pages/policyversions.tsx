// policyversions.tsx - every version of the policy, and what changed from one to the next.
import type { JSX } from 'preact';
import { get } from '../api/client';
import type { PolicyVersion, PolicyVersionFull } from '../api/policytypes';
import { useResource } from '../app/resource';
import { Card, Empty, PageHead, ResourceView } from '../ui/basics';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { Ago, Exact } from '../ui/time';
import { plural } from '../ui/words';

const COLUMNS: Column<PolicyVersion>[] = [
    { id: 'version', head: 'Version', kind: 'main', cell: (v) => <a href={`#/policies/versions/${v.version}`} data-main>Version {v.version}</a> },
    { id: 'name', head: 'Name', cell: (v) => v.name ?? 'no longer readable' },
    { id: 'by', head: 'By', cell: (v) => v.by },
    { id: 'at', head: 'When', cell: (v) => v.at ? <Ago at={v.at} /> : '' },
];

export function PolicyVersions(): JSX.Element {
    const list = useResource<{ items: PolicyVersion[] }>('policy versions', (signal) => get('/policy/versions', { signal }));
    return (
        <ResourceView of={list} lines={5}>
            {({ items }) => items.length === 0
                ? <Empty icon="policy" title="Only the built-in policy so far"><p>Change it as a <a href="#/policies/draft">draft</a>: the first version of your own appears here.</p></Empty>
                : <Card title="Versions" note={plural(items.length, 'version')}><Table caption="Versions of the policy" columns={COLUMNS} rows={items} keyOf={(v) => String(v.version)} /></Card>}
        </ResourceView>
    );
}

function Line({ text }: { text: string }): JSX.Element {
    const mark = text.charAt(0);
    if (mark === '@') {
        return <span class="diff-skip">… line {text.slice(2)}{'\n'}</span>;
    }
    return mark === '+' ? <ins>{text}{'\n'}</ins> : mark === '-' ? <del>{text}{'\n'}</del> : <span>{text}{'\n'}</span>;
}

export function VersionPage({ id }: { id: string }): JSX.Element {
    const before = Math.max(0, Number(id) - 1);
    const one = useResource<PolicyVersionFull>(`policy ${id}`,
        (signal) => get(`/policy/versions/${encodeURIComponent(id)}`, { query: { against: before }, signal }));
    return (
        <>
            <PageHead title={`Policy, version ${id}`} above={<a href="#/policies/versions">Versions</a>} />
            <ResourceView of={one} lines={12}>
                {(v) => (
                    <>
                        <Card title={before === 0 ? 'Changes to the built-in policy' : `Changes since version ${before}`}
                            note={<>{v.at && <Exact at={v.at} />} by {v.by}{v.diff && `; ${v.diff.added} lines added, ${v.diff.removed} removed`}</>}>
                            {v.diff && v.diff.added + v.diff.removed > 0
                                ? <pre class="diff" tabIndex={0} aria-label="Changed lines">{v.diff.lines.split('\n').filter((l) => l !== '').map((l, i) => <Line key={i} text={l} />)}</pre>
                                : <p class="note">Nothing: the text is the same.</p>}
                        </Card>
                        <Card title="The whole text"><pre class="diff" tabIndex={0} aria-label="The policy">{v.text}</pre></Card>
                    </>
                )}
            </ResourceView>
        </>
    );
}
