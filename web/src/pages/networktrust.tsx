// networktrust.tsx - what the policy trusts on networks: read here, changed in its file.
import type { ComponentChildren, JSX } from 'preact';
import { get } from '../api/client';
import type { Trust } from '../api/nettypes';
import { networkHref } from '../app/address';
import { useResource } from '../app/resource';
import { Card, Empty, Facts, PageHead, ResourceView } from '../ui/basics';
import { NET_VERDICT_NAME, SECURITY_NAME } from '../ui/networds';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { plural, sentence } from '../ui/words';
import { NetworkTabs } from './networks';

type Row = Trust['networks'][number];

const COLUMNS: Column<Row>[] = [
    {
        id: 'name', head: 'Network', kind: 'main',
        cell: (n) => n.met ? <a href={networkHref(n.id)} data-main>{n.name}</a> : <>{n.name}<span class="sub">no device has met it</span></>,
    },
    { id: 'security', head: 'At least', cell: (n) => n.security === 'unknown' ? 'not told' : SECURITY_NAME[n.security] },
    { id: 'bssids', head: 'Access points', kind: 'number', cell: (n) => n.bssids.length > 0 ? n.bssids.length.toLocaleString('en') : 'any' },
    { id: 'verdict', head: 'Now', cell: (n) => n.met ? NET_VERDICT_NAME[n.verdict] : '–' },
    { id: 'devices', head: 'Devices', kind: 'number', cell: (n) => n.devices.toLocaleString('en') },
];

function Words({ list }: { list: string[] }): JSX.Element {
    return list.length === 0 ? <span class="muted">none</span>
        : <ul class="inline-list">{list.map((t) => <li key={t} class="mono breakable">{t}</li>)}</ul>;
}

function Body({ trust: t }: { trust: Trust }): JSX.Element {
    const names: [string, ComponentChildren][] = [
        ['Phishing sites', sentence(t.names.phishing)], ['Hosts that control malware', sentence(t.names.control)],
        ['Names that only look alike', t.names.lookalikes ? 'Warn' : 'Off'], ['Never blocked', <Words list={t.names.allow} />],
        ['Always blocked', <Words list={t.names.deny} />], ['Harmful domain told to the server', t.names.tell_name ? 'yes' : 'no'],
    ];
    if (t.version === 'none') {
        return (
            <Empty icon="shield" title="Your policy trusts nothing yet">
                <p>Put a section <code>trust:</code> into the policy file: your own networks, TLS inspection authorities, proxy scripts, split DNS
                    zones and hosts. Devices learn it within a second after <code>systemctl reload picketd</code>.</p>
            </Empty>
        );
    }
    return (
        <div class="columns">
            <div class="column-main">
                <Card title="Your own networks" note={plural(t.networks.length, 'network')} class={t.networks.length > 0 ? 'flush' : ''}>
                    {t.networks.length === 0 ? <p class="note">None are listed.</p>
                        : <Table caption="Your own networks" columns={COLUMNS} rows={t.networks} keyOf={(n) => n.id} />}
                </Card>
                <Card title="Harmful names"><Facts rows={names} /></Card>
            </div>
            <div class="column-side">
                <Card title="Also trusted">
                    <Facts rows={[
                        ['TLS inspection by', <Words list={t.inspection_cas} />],
                        ['Proxy scripts', <Words list={t.pac_urls} />],
                        ['Split DNS zones', <Words list={t.split_zones} />],
                        ['Own hosts, checked everywhere', <Words list={t.hosts} />],
                        ['Policy', t.policy],
                        ['Version on devices', <span class="mono">{t.version}</span>],
                    ]} />
                </Card>
            </div>
        </div>
    );
}

export function NetworkTrustPage(): JSX.Element {
    const one = useResource<Trust>('trust', (signal) => get<Trust>('/trust', { signal }));
    return (
        <>
            <PageHead title="Networks" />
            <NetworkTabs now="trust" />
            <p class="note above-cards">Changed in the policy file alone, so that every change has an author and a history of its own.</p>
            <ResourceView of={one} lines={8}>{(trust) => <Body trust={trust} />}</ResourceView>
        </>
    );
}
