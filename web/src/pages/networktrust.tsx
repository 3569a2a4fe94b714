// networktrust.tsx - what the policy trusts on networks: read here, changed in its file.
import type { ComponentChildren, JSX } from 'preact';
import { get } from '../api/client';
import type { Trust } from '../api/nettypes';
import { networkHref } from '../app/address';
import { useResource } from '../app/resource';
import { number, rich, t, tn } from '../app/words';
import { Card, Empty, Facts, PageHead, ResourceView } from '../ui/basics';
import { NET_VERDICT_NAME, SECURITY_NAME } from '../ui/networds';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { sentence } from '../ui/words';
import { NetworkTabs } from './networks';

type Row = Trust['networks'][number];

const COLUMNS: Column<Row>[] = [
    {
        id: 'name', head: t('Network'), kind: 'main',
        cell: (n) => n.met ? <a href={networkHref(n.id)} data-main>{n.name}</a> : <>{n.name}<span class="sub">{t('no device has met it')}</span></>,
    },
    { id: 'security', head: t('At least'), cell: (n) => n.security === 'unknown' ? t('not told') : SECURITY_NAME[n.security] },
    { id: 'bssids', head: t('Access points'), kind: 'number', cell: (n) => n.bssids.length > 0 ? number(n.bssids.length) : t('any') },
    { id: 'verdict', head: t('Now'), cell: (n) => n.met ? NET_VERDICT_NAME[n.verdict] : '–' },
    { id: 'devices', head: t('Devices'), kind: 'number', cell: (n) => number(n.devices) },
];

const BLOCK_MODE: Record<string, string> = { off: t('Off'), warn: t('Warn'), block: t('Block') };

function Words({ list }: { list: string[] }): JSX.Element {
    return list.length === 0 ? <span class="muted">{t('none')}</span>
        : <ul class="inline-list">{list.map((word) => <li key={word} class="mono breakable">{word}</li>)}</ul>;
}

function Body({ trust }: { trust: Trust }): JSX.Element {
    const names: [string, ComponentChildren][] = [
        [t('Phishing sites'), BLOCK_MODE[trust.names.phishing] ?? sentence(trust.names.phishing)], [t('Hosts that control malware'), BLOCK_MODE[trust.names.control] ?? sentence(trust.names.control)],
        [t('Names that only look alike'), trust.names.lookalikes ? t('Warn') : t('Off')], [t('Never blocked'), <Words list={trust.names.allow} />],
        [t('Always blocked'), <Words list={trust.names.deny} />], [t('Harmful domain told to the server'), trust.names.tell_name ? t('yes') : t('no')],
    ];
    if (trust.version === 'none') {
        return (
            <Empty icon="shield" title={t('Your policy trusts nothing yet')}>
                <p>{rich('Put a section {section} into the policy file: your own networks, TLS inspection authorities, proxy scripts, split DNS zones and hosts. Devices learn it within a second after {command}.', {
                    section: <code>{'trust:'}</code>,
                    command: <code>systemctl reload picketd</code>, // not for people
                })}</p>
            </Empty>
        );
    }
    return (
        <div class="columns">
            <div class="column-main">
                <Card title={t('Your own networks')} note={tn('{n} network', '{n} networks', trust.networks.length)} class={trust.networks.length > 0 ? 'flush' : ''}>
                    {trust.networks.length === 0 ? <p class="note">{t('None are listed.')}</p>
                        : <Table caption={t('Your own networks')} columns={COLUMNS} rows={trust.networks} keyOf={(n) => n.id} />}
                </Card>
                <Card title={t('Harmful names')}><Facts rows={names} /></Card>
            </div>
            <div class="column-side">
                <Card title={t('Also trusted')}>
                    <Facts rows={[
                        [t('TLS inspection by'), <Words list={trust.inspection_cas} />],
                        [t('Proxy scripts'), <Words list={trust.pac_urls} />],
                        [t('Split DNS zones'), <Words list={trust.split_zones} />],
                        [t('Own hosts, checked everywhere'), <Words list={trust.hosts} />],
                        [t('Policy'), trust.policy],
                        [t('Version on devices'), <span class="mono">{trust.version}</span>],
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
            <PageHead title={t('Networks')} />
            <NetworkTabs now={'trust'} />
            <p class="note above-cards">{t('Changed in the policy file alone, so that every change has an author and a history of its own.')}</p>
            <ResourceView of={one} lines={8}>{(trust) => <Body trust={trust} />}</ResourceView>
        </>
    );
}
