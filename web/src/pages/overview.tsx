// overview.tsx - the first page: how are we, what should I do, is everything watched, where is it going. Every number
// leads to the list behind it.
import type { JSX } from 'preact';
import { get } from '../api/client';
import type { Overview } from '../api/types';
import { useResource } from '../app/resource';
import { devicesHref, incidentsHref } from '../app/address';
import { rich, t, tn } from '../app/words';
import { Card, Empty, PageHead, ResourceView } from '../ui/basics';
import { FirstSteps } from './firststeps';
import { IncidentRows } from './incidentlist';
import { ActionsCard } from './overviewactions';
import { OutlookCard, RiskCard, SeverityCard, StatesCard } from './overviewcards';
import { IntegrationsCard, RiskyDevices, ThreatsCard } from './overviewlists';
import { ScoreCard } from './overviewscore';
import { TrendsCard } from './overviewtrends';

const OPEN = 'state:open|mitigated';

function Body({ data }: { data: Overview }): JSX.Element {
    if (data.devices.total === 0) {
        return <FirstSteps />;
    }
    return (
        <>
            <div class="thirds">
                <ScoreCard score={data.score} />
                <SeverityCard data={data} />
                <StatesCard data={data} />
            </div>
            <div class="columns">
                <div class="column-main">
                    <ActionsCard actions={data.actions} />
                    <TrendsCard />
                    <Card title={t('Gravest open incidents')} class={data.top_incidents.length > 0 ? 'flush' : ''}
                        action={<a href={incidentsHref(OPEN)}>{t('All open')}</a>}>
                        {data.top_incidents.length > 0
                            ? <IncidentRows rows={data.top_incidents} caption={t('Gravest open incidents')} />
                            : <Empty icon="shield" title={t('Nothing is open')}>
                                <p>{t('New incidents appear here by themselves.')}</p></Empty>}
                    </Card>
                </div>
                <div class="column-side">
                    <RiskCard data={data} />
                    <OutlookCard data={data} />
                    {data.blocked > 0 && (
                        <Card title={t('Work access')}>
                            <p>{rich('{devices} without part of it right now', {
                                devices: <a href={devicesHref('access:blocked')}>{tn('{n} device', '{n} devices', data.blocked)}</a>,
                            })}</p>
                        </Card>
                    )}
                    <RiskyDevices rows={data.top_devices.filter((d) => d.risk.score > 0)} />
                    <ThreatsCard list={data.threats.slice(0, 5)} />
                    <IntegrationsCard data={data} />
                </div>
            </div>
        </>
    );
}

export function OverviewPage(): JSX.Element {
    const one = useResource<Overview>('overview', (signal) => get<Overview>('/overview', { signal }),
        (e) => e.incident !== null || e.type.startsWith('device.'));
    return (
        <>
            <PageHead title={t('Overview')} />
            <ResourceView of={one} lines={10}>{(data) => <Body data={data} />}</ResourceView>
        </>
    );
}
