// policies.tsx - the policy in force: rules, who follows it, what becomes of its alerts.
import type { JSX } from 'preact';
import { get } from '../api/client';
import type { AlertRate, Policy, PolicyRule } from '../api/policytypes';
import { useResource } from '../app/resource';
import { rich, t, tn } from '../app/words';
import { Card, Empty, Facts, PageHead, ResourceView } from '../ui/basics';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { Tabs } from '../ui/tabs';
import { Ago } from '../ui/time';
import { PolicyDraft } from './policydraft';
import { PolicyTexts } from './policytexts';
import { PolicyVersions, VersionPage } from './policyversions';

const PARTS = [
    { id: '', name: t('In force'), to: '#/policies' },
    { id: 'draft', name: t('Draft and rehearse'), to: '#/policies/draft' },
    { id: 'versions', name: t('Versions'), to: '#/policies/versions' },
    { id: 'texts', name: t('Texts'), to: '#/policies/texts' },
];

const ACTS: Record<string, string> = {
    alert: t('tells the user'),
    siem: t('tells the SOC'),
    tell_admins: t('tells administrators'),
    block_mail: t('pauses mail'),
    block_vpn: t('keeps out of the VPN'),
    block_access: t('pauses sign-on'),
};

export function Acts({ of }: { of: string[] }): JSX.Element {
    return <>{of.map((act) => ACTS[act] ?? act).join(', ')}</>;
}

const RULE_COLUMNS: Column<PolicyRule>[] = [
    { id: 'name', head: t('Rule'), kind: 'main', cell: (r) => r.name },
    { id: 'do', head: t('What it does'), cell: (r) => <Acts of={r.do} /> },
    {
        id: 'mode', head: t('Mode'),
        cell: (r) => r.mode === 'detect' ? <span class="badge tone-info">{t('on trial: only notes')}</span> : <span class="badge tone-ok">{t('acts')}</span>,
    },
    { id: 'group', head: t('Set by'), kind: 'side', cell: (r) => r.group ?? t('everybody') },
];

const share = (x: number): string => `${Math.round(100 * x)} %`;

const RATE_COLUMNS: Column<AlertRate>[] = [
    { id: 'rule', head: t('Rule'), kind: 'main', cell: (r) => <>{r.rule} {r.needs_tuning && <span class="badge tone-medium">{t('needs tuning')}</span>}</> },
    { id: 'told', head: t('Told'), kind: 'number', cell: (r) => r.told },
    { id: 'acted', head: t('Acted on'), kind: 'number', cell: (r) => share(r.acted_share) },
    { id: 'ignored', head: t('Ignored'), kind: 'number', cell: (r) => r.ignored },
    { id: 'mistakes', head: t('Called a mistake'), kind: 'number', cell: (r) => r.mistakes },
    { id: 'closed', head: t('Closed by itself'), kind: 'number', cell: (r) => r.closed },
];

const SOURCES = {
    file: t('a file named in the settings: change it there'),
    store: t('this console or the command line'),
    builtin: t('what Picket starts with'),
};

function Summary({ policy: p }: { policy: Policy }): JSX.Element {
    return (
        <Card title={p.name} note={p.version > 0 ? t('version {n}', { n: p.version }) : t('no version of your own yet')}
            action={<a class="button" href="#/policies/draft">{t('Make a draft')}</a>}>
            <Facts rows={[
                [t('From'), SOURCES[p.source]],
                ...(p.at ? [[t('Since'), <>{rich('{when} by {who}', { when: <Ago at={p.at} />, who: p.by })}</>] as [string, JSX.Element]] : []),
                [t('Devices'), <a href="#/devices">{p.deployed.pending > 0
                    ? tn('{n} device follow it, {pending} not yet', '{n} devices follow it, {pending} not yet', p.deployed.devices, { pending: p.deployed.pending })
                    : tn('{n} device follow it', '{n} devices follow it', p.deployed.devices)}</a>],
                [t('Alerts'), tn('at most {n} alert a user and week, attacks beyond that', 'at most {n} alerts a user and week, attacks beyond that', p.alerts_per_week)],
            ]} />
        </Card>
    );
}

function InForce(): JSX.Element {
    const policy = useResource<Policy>('policy', (signal) => get('/policy', { signal }), (e) => e.type === 'audit');
    const rates = useResource<{ days: number; items: AlertRate[] }>('rates', (signal) => get('/alerts/rates', { signal }),
        (e) => e.type.startsWith('alert.'));
    return (
        <ResourceView of={policy} lines={10}>
            {(p) => (
                <>
                    <Summary policy={p} />
                    <Card title={t('Rules')} note={t('all are tried; what any of them wants is done')}>
                        <Table caption={t('Rules for everybody')} columns={RULE_COLUMNS} rows={p.rules} keyOf={(r) => r.name} />
                    </Card>
                    {p.groups.map((g) => (
                        <Card key={g.name} title={t('Group {name}', { name: g.name })} note={tn('{n} rule', '{n} rules', g.rules.length)}>
                            <Table caption={t('Rules for {name}', { name: g.name })} columns={RULE_COLUMNS} rows={g.rules} keyOf={(r) => r.name} />
                        </Card>
                    ))}
                    <ResourceView of={rates} lines={3}>
                        {(list) => (
                            <Card title={t('What becomes of its alerts')} note={tn('{n} day', '{n} days', list.days)}>
                                {list.items.length === 0
                                    ? <Empty icon="bell" title={t('Nobody was alerted')}><p>{t('When rules tell users something, this shows whether it helps.')}</p></Empty>
                                    : <Table caption={t('Alerts by rule')} columns={RATE_COLUMNS} rows={list.items} keyOf={(r) => r.rule} />}
                            </Card>
                        )}
                    </ResourceView>
                </>
            )}
        </ResourceView>
    );
}

export function PoliciesPage({ part, id }: { part: string; id: string | undefined }): JSX.Element {
    if (part === 'versions' && id !== undefined) {
        return <VersionPage key={id} id={id} />;
    }
    return (
        <>
            <PageHead title={t('Policies')} note={t('What Picket does by itself, and what it leaves to people')} />
            <Tabs label={t('Parts of Policies')} tabs={PARTS} now={part} />
            {part === 'draft' ? <PolicyDraft /> : part === 'versions' ? <PolicyVersions /> : part === 'texts' ? <PolicyTexts /> : <InForce />}
        </>
    );
}
