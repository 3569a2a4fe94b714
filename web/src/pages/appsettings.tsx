// appsettings.tsx - what the organisation says of apps (exceptions, rules) and what is known (threat intelligence).
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ApiError } from '../api/client';
import { get, put } from '../api/client';
import type { AppException, AppRules, IntelSet } from '../api/apptypes';
import { asApiError, useResource } from '../app/resource';
import { may } from '../app/session';
import { number, rich, t, tn } from '../app/words';
import { bytesText } from '../ui/appwords';
import { Card, Empty, Facts, PageHead, ProblemBox, ResourceView } from '../ui/basics';
import { useList } from '../ui/list';
import type { Column } from '../ui/table';
import { More, Table } from '../ui/table';
import { Ago } from '../ui/time';
import { toast } from '../ui/toast';
import { ExceptionRows } from './appexcept';

const TABS = [
    { id: '', name: t('All apps'), to: '#/apps' }, { id: 'exceptions', name: t('Exceptions'), to: '#/apps/exceptions' },
    { id: 'rules', name: t('Rules'), to: '#/apps/rules' }, { id: 'known', name: t('Threat intelligence'), to: '#/apps/known' },
];

export function AppTabs({ now }: { now: string }): JSX.Element {
    return (
        <nav class="tabs" aria-label={t('Parts of apps')}>
            {TABS.map((tab) => <a key={tab.id} href={tab.to} aria-current={tab.id === now ? 'page' : undefined}>{tab.name}</a>)}
        </nav>
    );
}

function ExceptionsPart(): JSX.Element {
    const list = useList<AppException>('/app-exceptions', {}, (e) => e.type.startsWith('app.exception'));
    return (
        <ResourceView of={list} lines={4}>
            {(page) => page.items.length === 0 ? (
                <Empty icon="undo" title={t('No exceptions')}>
                    <p>{t("An exception lets one app pass for a reason and a while. Make one on the app's page.")}</p>
                </Empty>
            ) : (
                <Card title={t('Exceptions')} note={tn('{n} exception', '{n} exceptions', page.total)}>
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
    { "match": { "package": "com.example.game" }, "reason": ${JSON.stringify(t('Not on work devices'))} }
  ],
  "unwanted": [
    {
      "id": "many-trackers",
      "title": ${JSON.stringify(t('Uses more than five trackers'))},
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
            const why = t('This is not JSON: {why}', { why: e instanceof Error ? e.message : '' });
            setError(asApiError(e instanceof Error ? new Error(why) : e));
            return;
        }
        setBusy(true);
        put<AppRules>('/app-rules', body, { replaces: rules.version }).then((next) => {
            toast(t('Rules saved; every app is judged again'));
            onSaved(next);
        }, (e: unknown) => setError(asApiError(e))).finally(() => setBusy(false));
    };
    return (
        <Card title={t('Rules')} note={rules.version === 0 ? t('none yet') : rich('version {n}, {when} by {who}', {
            n: rules.version, when: <Ago at={rules.changed_at} />, who: rules.changed_by,
        })}>
            <form class="form" onSubmit={save}>
                <p class="prose">{rich('Which apps are let through ({allow}), refused ({deny}), or {unwanted} by what they are and do: trackers, permissions, hosts, leaks, holes, where they came from. docs/app-rules.md tells every word.', {
                    allow: <code>{'allow'}</code>, deny: <code>{'deny'}</code>, unwanted: <code>{'unwanted'}</code>,
                })}</p>
                <label class="field"><span>{t('The document, as JSON')}</span>
                    <textarea class="mono rules-text" rows={18} spellcheck={false} readOnly={!admin} value={text}
                        onInput={(e) => setText(e.currentTarget.value)} /></label>
                {error && <ProblemBox error={error} />}
                {admin && (
                    <div class="form-end">
                        <button type="button" class="button" onClick={() => setText(EXAMPLE)}>{t('Put in an example')}</button>
                        <button type="submit" class="button primary" disabled={busy}>{busy ? t('Saving …') : t('Save the rules')}</button>
                    </div>
                )}
            </form>
        </Card>
    );
}

function RulesPart(): JSX.Element {
    const one = useResource<AppRules>('app-rules', (signal) => get<AppRules>('/app-rules', { signal }));
    return <ResourceView of={one} lines={8}>{(rules) => <RulesForm rules={rules} onSaved={one.set} />}</ResourceView>;
}

type Source = IntelSet['sources'][number];

const SOURCE_COLUMNS: Column<Source>[] = [
    {
        id: 'name', head: t('Source'), kind: 'main',
        cell: (s) => s.reference && /^https:\/\//.test(s.reference)
            ? <a href={s.reference} target="_blank" rel="noreferrer noopener" data-main>{s.name}</a> : s.name,
    },
    { id: 'indicators', head: t('Indicators'), kind: 'number', cell: (s) => number(s.indicators) },
    { id: 'signers', head: t('Known signers'), kind: 'number', cell: (s) => number(s.signers) },
    { id: 'warnings', head: t('Not to be trusted alone'), kind: 'side', cell: (s) => number(s.warnings) },
    { id: 'date', head: t('Date'), kind: 'side', cell: (s) => s.date ?? '–' },
    { id: 'licence', head: t('Licence'), kind: 'wide', cell: (s) => s.licence ?? '–' },
];

function KnownPart(): JSX.Element {
    const one = useResource<IntelSet | null>('intel', (signal) => get<{ set: IntelSet | null }>('/intel', { signal }).then((a) => a.set), (e) => e.type.startsWith('intel.'));
    return (
        <>
            {one.error && <ProblemBox error={one.error} retry={one.reload} />}
            {one.data === null && (
                <Empty icon="shield" title={t('No threat intelligence of your own yet')}>
                    <p>{rich('Import feeds on any machine and push them here: {make}, then {push}.', {
                        make: <code>picket intel import FOLDER</code>, // not for people
                        push: <code>picket intel push</code>, // not for people
                    })}</p>
                </Empty>
            )}
            {one.data && (
                <>
                    <Card title={t('Threat intelligence')}>
                        <Facts rows={[
                            [t('Made'), <Ago at={one.data.created_at} />],
                            [t('Indicators'), number(one.data.indicators)],
                            [t('Known signers'), number(one.data.signers)],
                            [t('Reference apps'), number(one.data.apps)],
                            [t('In memory'), bytesText(one.data.bytes)],
                        ]} />
                    </Card>
                    <div class="card flush">
                        <Table caption={t('Sources')} columns={SOURCE_COLUMNS} rows={one.data.sources} keyOf={(s) => s.name} />
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
            <PageHead title={t('Apps')} />
            <AppTabs now={part} />
            <Part />
        </>
    );
}
