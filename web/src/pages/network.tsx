// network.tsx - one network: the verdict in a sentence, the proof, who was there, what is known of it.
import type { JSX } from 'preact';
import { get, seg } from '../api/client';
import type { NetworkFull } from '../api/nettypes';
import { incidentsHref } from '../app/address';
import { useResource } from '../app/resource';
import { rich, t, tn } from '../app/words';
import { Card, Empty, PageHead, ResourceView } from '../ui/basics';
import { LINK_NAME, NetworkBadge, networkName, verdictSentence } from '../ui/networds';
import { subjectName } from '../ui/names';
import { Ago } from '../ui/time';
import { CrowdPanel } from './crowdparts';
import { IncidentRows } from './incidentlist';
import { EvidenceCards, FactsCard, MomentsCard, SeenCard, TrustCard, VisitsCard } from './networkparts';

function Body({ network: n }: { network: NetworkFull }): JSX.Element {
    const edge = n.verdict === 'bad' ? n.severity ?? 'info' : 'info';
    return (
        <>
            <p class={`lead edge-${edge}`}>{verdictSentence(n)}</p>
            <div class="columns">
                <div class="column-main">
                    <EvidenceCards network={n} />
                    <VisitsCard id={n.id} devices={n.devices} />
                    {n.incidents.length > 0 && (
                        <Card title={t('Incidents')} class="flush" action={<a href={incidentsHref(`subject:${n.id}`)}>{t('All of them')}</a>}>
                            <IncidentRows rows={n.incidents.slice(0, 20)} caption={t('Incidents on {name}', { name: networkName(n) })} />
                        </Card>
                    )}
                    <FactsCard facts={n.facts} />
                </div>
                <div class="column-side">
                    <CrowdPanel query={{ network: n.id }} />
                    <TrustCard network={n} />
                    <SeenCard network={n} />
                    <MomentsCard list={n.timeline} />
                </div>
            </div>
        </>
    );
}

export function NetworkPage({ id }: { id: string }): JSX.Element {
    const one = useResource<NetworkFull>(`network ${id}`, (signal) => get<NetworkFull>(`/networks/${seg(id)}`, { signal }),
        (e) => e.incident?.subject === id);
    const n = one.data;
    const above = <a href="#/networks">{t('Networks')}</a>;
    if (!n && one.error?.kind === 'not_found') {
        return (
            <>
                <PageHead title={subjectName(id)} above={above} />
                <Empty icon="network" title={t('This network is not shown')}>
                    <p>{t("Either nobody met it lately, or so few devices did that it may be somebody's home. Homes are only counted, unless an attack is seen there.")}</p>
                </Empty>
            </>
        );
    }
    return (
        <>
            <PageHead title={n ? networkName(n) : subjectName(id)} above={above}
                note={n && (
                    <span class="head-facts">
                        <NetworkBadge of={n} />
                        <span>{LINK_NAME[n.link]}</span>
                        <span>{tn('{n} device', '{n} devices', n.devices)}</span>
                        <span>{rich('last seen {when}', { when: <Ago at={n.last_seen_at} /> })}</span>
                    </span>
                )} />
            <ResourceView of={one} lines={10}>{(network) => <Body network={network} />}</ResourceView>
        </>
    );
}
