// policies.tsx - the policy in force: rules, who follows it, what becomes of its alerts.
import type { JSX } from 'preact';
import { get } from '../api/client';
import type { AlertRate, Policy, PolicyRule } from '../api/policytypes';
import { useResource } from '../app/resource';
import { Card, Empty, Facts, PageHead, ResourceView } from '../ui/basics';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { Tabs } from '../ui/tabs';
import { Ago } from '../ui/time';
import { plural } from '../ui/words';
import { PolicyDraft } from './policydraft';
import { PolicyTexts } from './policytexts';
import { PolicyVersions, VersionPage } from './policyversions';

const PARTS = [
    { id: '', name: 'In force', to: '#/policies' },
    { id: 'draft', name: 'Draft and rehearse', to: '#/policies/draft' },
    { id: 'versions', name: 'Versions', to: '#/policies/versions' },
    { id: 'texts', name: 'Texts', to: '#/policies/texts' },
];

const ACTS: Record<string, string> = {
    alert: 'tells the user',
    siem: 'tells the SOC',
    tell_admins: 'tells administrators',
    block_mail: 'pauses mail',
    block_vpn: 'keeps out of the VPN',
    block_access: 'pauses sign-on',
};

export function Acts({ of }: { of: string[] }): JSX.Element {
    return <>{of.map((act) => ACTS[act] ?? act).join(', ')}</>;
}

const RULE_COLUMNS: Column<PolicyRule>[] = [
    { id: 'name', head: 'Rule', kind: 'main', cell: (r) => r.name },
    { id: 'do', head: 'What it does', cell: (r) => <Acts of={r.do} /> },
    {
        id: 'mode', head: 'Mode',
        cell: (r) => r.mode === 'detect' ? <span class="badge tone-info">on trial: only notes</span> : <span class="badge tone-ok">acts</span>,
    },
    { id: 'group', head: 'Set by', kind: 'side', cell: (r) => r.group ?? 'everybody' },
];

const share = (x: number): string => `${Math.round(100 * x)} %`;

const RATE_COLUMNS: Column<AlertRate>[] = [
    { id: 'rule', head: 'Rule', kind: 'main', cell: (r) => <>{r.rule} {r.needs_tuning && <span class="badge tone-medium">needs tuning</span>}</> },
    { id: 'told', head: 'Told', kind: 'number', cell: (r) => r.told },
    { id: 'acted', head: 'Acted on', kind: 'number', cell: (r) => share(r.acted_share) },
    { id: 'ignored', head: 'Ignored', kind: 'number', cell: (r) => r.ignored },
    { id: 'mistakes', head: 'Called a mistake', kind: 'number', cell: (r) => r.mistakes },
    { id: 'closed', head: 'Closed by itself', kind: 'number', cell: (r) => r.closed },
];

const SOURCES = {
    file: 'a file named in the settings: change it there',
    store: 'this console or the command line',
    builtin: 'what Picket starts with',
};

function Summary({ policy: p }: { policy: Policy }): JSX.Element {
    return (
        <Card title={p.name} note={p.version > 0 ? `version ${p.version}` : 'no version of your own yet'}
            action={<a class="button" href="#/policies/draft">Make a draft</a>}>
            <Facts rows={[
                ['From', SOURCES[p.source]],
                ...(p.at ? [['Since', <><Ago at={p.at} /> by {p.by}</>] as [string, JSX.Element]] : []),
                ['Devices', <a href="#/devices">{plural(p.deployed.devices, 'device')} follow it{p.deployed.pending > 0 && `, ${p.deployed.pending} not yet`}</a>],
                ['Alerts', `at most ${plural(p.alerts_per_week, 'alert')} a user and week, attacks beyond that`],
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
                    <Card title="Rules" note="all are tried; what any of them wants is done">
                        <Table caption="Rules for everybody" columns={RULE_COLUMNS} rows={p.rules} keyOf={(r) => r.name} />
                    </Card>
                    {p.groups.map((g) => (
                        <Card key={g.name} title={`Group ${g.name}`} note={plural(g.rules.length, 'rule')}>
                            <Table caption={`Rules for ${g.name}`} columns={RULE_COLUMNS} rows={g.rules} keyOf={(r) => r.name} />
                        </Card>
                    ))}
                    <ResourceView of={rates} lines={3}>
                        {(list) => (
                            <Card title="What becomes of its alerts" note={`${list.days} days`}>
                                {list.items.length === 0
                                    ? <Empty icon="bell" title="Nobody was alerted"><p>When rules tell users something, this shows whether it helps.</p></Empty>
                                    : <Table caption="Alerts by rule" columns={RATE_COLUMNS} rows={list.items} keyOf={(r) => r.rule} />}
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
            <PageHead title="Policies" note="What Picket does by itself, and what it leaves to people" />
            <Tabs label="Parts of Policies" tabs={PARTS} now={part} />
            {part === 'draft' ? <PolicyDraft /> : part === 'versions' ? <PolicyVersions /> : part === 'texts' ? <PolicyTexts /> : <InForce />}
        </>
    );
}
