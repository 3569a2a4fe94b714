// overview.tsx - the first page: is anything wrong, is everything watched, what should I do. Every
// number leads to the list behind it.
import type { JSX } from 'preact';
import { get } from '../api/client';
import type { Overview } from '../api/types';
import { DayBars } from '../charts/bars';
import { useResource } from '../app/resource';
import { devicesHref, incidentsHref } from '../app/address';
import { Card, Empty, PageHead, ResourceView } from '../ui/basics';
import { Icon } from '../ui/icon';
import { said } from '../ui/names';
import { Table } from '../ui/table';
import { plural } from '../ui/words';
import { DEVICE_COLUMNS } from './devicelist';
import { FleetCard, SeverityCard } from './overviewcards';
import { FirstSteps } from './firststeps';
import { IncidentRows } from './incidentlist';
import { OutboxRows } from './outbox';

const OPEN = 'state:open|mitigated';

// The server names a console address; anything else is no link.
function localLink(link: string): string {
    return link.startsWith('#/') ? link : link.startsWith('/#/') ? link.slice(1)
        : link.startsWith('/') && !link.startsWith('//') ? `#${link}` : '#/';
}

function ToDo({ items }: { items: Overview['to_do'] }): JSX.Element | null {
    return items.length === 0 ? null : (
        <Card title="To do">
            <ul class="rows todo">
                {items.map((t) => (
                    <li key={t.text}><a href={localLink(t.link)}>{t.text}</a><Icon name="arrow" /></li>
                ))}
            </ul>
        </Card>
    );
}

function Threats({ list }: { list: Overview['threats'] }): JSX.Element {
    return (
        <Card title="Open threats">
            {list.length === 0 ? <p class="note">No threat is open.</p> : (
                <ul class="rows">
                    {list.map((t) => (
                        <li key={t.threat}>
                            <span><a href={incidentsHref(`${OPEN},threat:${t.threat}`)}>{said(t.title)}</a>
                                <span class="sub mono">{t.threat}</span></span>
                            <span class="note nowrap">{t.open} on {plural(t.devices, 'device')}</span>
                        </li>
                    ))}
                </ul>
            )}
        </Card>
    );
}

function Days({ days }: { days: Overview['days'] }): JSX.Element {
    const quiet = days.every((d) => d.opened === 0 && d.resolved === 0);
    return (
        <Card title="Last 14 days" action={
            <span class="legend">
                <span class="key-opened">Opened</span><span class="key-resolved">Resolved</span>
            </span>
        }>
            <DayBars days={days} />
            {quiet && <p class="note">No incidents in the last two weeks.</p>}
        </Card>
    );
}

function Body({ data }: { data: Overview }): JSX.Element {
    if (data.devices.total === 0) {
        return <FirstSteps />;
    }
    const risky = data.top_devices.filter((d) => d.risk.score > 0);
    return (
        <>
            <div class="tiles">
                <SeverityCard data={data} />
                <FleetCard data={data} />
            </div>
            <div class="columns">
                <div class="column-main">
                    <Days days={data.days} />
                    <Card title="Gravest open incidents" class={data.top_incidents.length > 0 ? 'flush' : ''}
                        action={<a href={incidentsHref(OPEN)}>All open</a>}>
                        {data.top_incidents.length > 0
                            ? <IncidentRows rows={data.top_incidents} caption="Gravest open incidents" />
                            : <Empty icon="shield" title="Nothing is open">
                                <p>New incidents appear here by themselves.</p></Empty>}
                    </Card>
                    {risky.length > 0 && (
                        <Card title="Devices at highest risk" class="flush" action={<a href={devicesHref('')}>All devices</a>}>
                            <Table caption="Devices at highest risk" rows={risky} keyOf={(d) => d.id}
                                columns={DEVICE_COLUMNS.filter((c) => ['name', 'risk', 'open', 'seen'].includes(c.id))
                                    .map(({ sort: _sort, ...c }) => c)} />
                        </Card>
                    )}
                </div>
                <div class="column-side">
                    <ToDo items={data.to_do} />
                    <Threats list={data.threats} />
                    <Card title="Passing on" action={<a href="#/system/health">Health</a>}>
                        <OutboxRows targets={data.outbox} />
                    </Card>
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
            <PageHead title="Overview" />
            <ResourceView of={one} lines={10}>{(data) => <Body data={data} />}</ResourceView>
        </>
    );
}
