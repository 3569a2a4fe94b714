// appsettings.tsx - what the organisation says of apps (exceptions, rules) and what is known (threat intelligence).
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ApiError } from '../api/client';
import { get, put } from '../api/client';
import type { AppException, AppRules, IntelSet } from '../api/apptypes';
import { asApiError, useResource } from '../app/resource';
import { may } from '../app/session';
import { bytesText } from '../ui/appwords';
import { Card, Empty, Facts, PageHead, ProblemBox, ResourceView } from '../ui/basics';
import { useList } from '../ui/list';
import type { Column } from '../ui/table';
import { More, Table } from '../ui/table';
import { Ago } from '../ui/time';
import { toast } from '../ui/toast';
import { plural } from '../ui/words';
import { ExceptionRows } from './appexcept';

const TABS = [
    { id: '', name: 'All apps', to: '#/apps' }, { id: 'exceptions', name: 'Exceptions', to: '#/apps/exceptions' },
    { id: 'rules', name: 'Rules', to: '#/apps/rules' }, { id: 'known', name: 'Threat intelligence', to: '#/apps/known' },
];

export function AppTabs({ now }: { now: string }): JSX.Element {
    return (
        <nav class="tabs" aria-label="Parts of apps">
            {TABS.map((t) => <a key={t.id} href={t.to} aria-current={t.id === now ? 'page' : undefined}>{t.name}</a>)}
        </nav>
    );
}

function ExceptionsPart(): JSX.Element {
    const list = useList<AppException>('/app-exceptions', {}, (e) => e.type.startsWith('app.exception'));
    return (
        <ResourceView of={list} lines={4}>
            {(page) => page.items.length === 0 ? (
                <Empty icon="undo" title="No exceptions">
                    <p>An exception lets one app pass for a reason and a while. Make one on the app's page.</p>
                </Empty>
            ) : (
                <Card title="Exceptions" note={plural(page.total, 'exception')}>
                    <ExceptionRows rows={page.items} onChange={list.reload} full />
                    <More shown={page.items.length} total={page.total} more={page.next_cursor !== null} loading={list.loading} onMore={list.more} />
                </Card>
            )}
        </ResourceView>
    );
}

const EXAMPLE = `{
  "version": 1,
  "deny": [
    { "match": { "package": "com.example.game" }, "reason": "Not on work devices" }
  ],
  "unwanted": [
    {
      "id": "many-trackers",
      "title": "Uses more than five trackers",
      "level": "medium",
      "all": [ { "trackers_over": 5 } ]
    }
  ]
}`;

function RulesForm({ rules, onSaved }: { rules: AppRules; onSaved: (next: AppRules) => void }): JSX.Element {
    const [text, setText] = useState(JSON.stringify(rules.rules, null, 2));
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState<ApiError | null>(null);
    useEffect(() => setText(JSON.stringify(rules.rules, null, 2)), [rules.version]);
    const admin = may('policy');
    const save = (event: Event): void => {
        event.preventDefault();
        setError(null);
        let body: unknown;
        try {
            body = JSON.parse(text);
        } catch (e) {
            setError(asApiError(e instanceof Error ? new Error(`This is not JSON: ${e.message}`) : e));
            return;
        }
        setBusy(true);
        put<AppRules>('/app-rules', body, { replaces: rules.version }).then((next) => {
            toast('Rules saved; every app is judged again');
            onSaved(next);
        }, (e: unknown) => setError(asApiError(e))).finally(() => setBusy(false));
    };
    return (
        <Card title="Rules" note={rules.version === 0 ? 'none yet' : <>version {rules.version}, <Ago at={rules.changed_at} /> by {rules.changed_by}</>}>
            <form class="form" onSubmit={save}>
                <p class="prose">Which apps are let through (<code>allow</code>), refused (<code>deny</code>), or <code>unwanted</code> by what they are and do:
                    trackers, permissions, hosts, leaks, holes, where they came from. docs/app-rules.md tells every word.</p>
                <label class="field"><span>The document, as JSON</span>
                    <textarea class="mono rules-text" rows={18} spellcheck={false} readOnly={!admin} value={text}
                        onInput={(e) => setText(e.currentTarget.value)} /></label>
                {error && <ProblemBox error={error} />}
                {admin && (
                    <div class="form-end">
                        <button type="button" class="button" onClick={() => setText(EXAMPLE)}>Put in an example</button>
                        <button type="submit" class="button primary" disabled={busy}>{busy ? 'Saving …' : 'Save the rules'}</button>
                    </div>
                )}
            </form>
        </Card>
    );
}

function RulesPart(): JSX.Element {
    const one = useResource<AppRules>('app rules', (signal) => get<AppRules>('/app-rules', { signal }));
    return <ResourceView of={one} lines={8}>{(rules) => <RulesForm rules={rules} onSaved={one.set} />}</ResourceView>;
}

type Source = IntelSet['sources'][number];

const SOURCE_COLUMNS: Column<Source>[] = [
    {
        id: 'name', head: 'Source', kind: 'main',
        cell: (s) => s.reference && /^https:\/\//.test(s.reference)
            ? <a href={s.reference} target="_blank" rel="noreferrer noopener" data-main>{s.name}</a> : s.name,
    },
    { id: 'indicators', head: 'Indicators', kind: 'number', cell: (s) => s.indicators.toLocaleString('en') },
    { id: 'signers', head: 'Known signers', kind: 'number', cell: (s) => s.signers.toLocaleString('en') },
    { id: 'warnings', head: 'Not to be trusted alone', kind: 'side', cell: (s) => s.warnings.toLocaleString('en') },
    { id: 'date', head: 'Date', kind: 'side', cell: (s) => s.date ?? '–' },
    { id: 'licence', head: 'Licence', kind: 'wide', cell: (s) => s.licence ?? '–' },
];

function KnownPart(): JSX.Element {
    const one = useResource<IntelSet | null>('intel', (signal) => get<{ set: IntelSet | null }>('/intel', { signal }).then((a) => a.set), (e) => e.type.startsWith('intel.'));
    return (
        <>
            {one.error && <ProblemBox error={one.error} retry={one.reload} />}
            {one.data === null && (
                <Empty icon="shield" title="No threat intelligence of your own yet">
                    <p>Import feeds on any machine and push them here: <code>picket intel import FOLDER</code>, then <code>picket intel push</code>.</p>
                </Empty>
            )}
            {one.data && (
                <>
                    <Card title="Threat intelligence">
                        <Facts rows={[
                            ['Made', <Ago at={one.data.created_at} />],
                            ['Indicators', one.data.indicators.toLocaleString('en')],
                            ['Known signers', one.data.signers.toLocaleString('en')],
                            ['Reference apps', one.data.apps.toLocaleString('en')],
                            ['In memory', bytesText(one.data.bytes)],
                        ]} />
                    </Card>
                    <div class="card flush">
                        <Table caption="Sources" columns={SOURCE_COLUMNS} rows={one.data.sources} keyOf={(s) => s.name} />
                    </div>
                </>
            )}
        </>
    );
}

const PARTS: Record<string, () => JSX.Element> = {
    exceptions: ExceptionsPart, rules: RulesPart, known: KnownPart,
};

export function AppSettingsPage({ part }: { part: string }): JSX.Element {
    const Part = PARTS[part] ?? ExceptionsPart;
    return (
        <>
            <PageHead title="Apps" />
            <AppTabs now={part} />
            <Part />
        </>
    );
}
