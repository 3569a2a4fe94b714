// pages.tsx - which page an address means.
import type { JSX } from 'preact';
import { AppPage } from '../pages/app';
import { AppsPage } from '../pages/apps';
import { FilePage } from '../pages/appfile';
import { AppSettingsPage } from '../pages/appsettings';
import { CrowdPage } from '../pages/crowd';
import { CrowdExchangePage } from '../pages/crowdexchange';
import { CrowdMapPage } from '../pages/crowdmap';
import { CrowdWhyPage } from '../pages/crowdwhy';
import { DevicePage } from '../pages/device';
import { DevicesPage } from '../pages/devices';
import { EnrolmentPage } from '../pages/enrolment';
import { EventsPage } from '../pages/events';
import { IncidentPage } from '../pages/incident';
import { IncidentsPage } from '../pages/incidents';
import { NetworkPage } from '../pages/network';
import { NetworkMapPage } from '../pages/networkmap';
import { NetworksPage } from '../pages/networks';
import { NetworkTrustPage } from '../pages/networktrust';
import { OverviewPage } from '../pages/overview';
import { SystemPage } from '../pages/system';
import { Empty, PageHead } from '../ui/basics';
import type { Route } from './address';

function NotFound(): JSX.Element {
    return (
        <>
            <PageHead title="Nothing here" />
            <Empty icon="search" title="This address is not a page of the console">
                <p><a href="#/">Go to the overview</a></p>
            </Empty>
        </>
    );
}

export function pageOf({ path, query }: Route): JSX.Element {
    const [first, second, third] = path;
    switch (first) {
        case undefined: return <OverviewPage />;
        case 'incidents': return second === undefined
            ? <IncidentsPage query={query} /> : <IncidentPage key={second} id={second} />;
        case 'devices': return second === undefined
            ? <DevicesPage query={query} /> : <DevicePage key={second} id={second} />;
        case 'apps': return second === undefined ? <AppsPage query={query} />
            : second === 'file' && third !== undefined ? <FilePage key={third} id={third} />
            : second.startsWith('app-') ? <AppPage key={second} id={second} /> : <AppSettingsPage part={second} />;
        case 'networks': return second === undefined ? <NetworksPage query={query} />
            : second === 'map' ? <NetworkMapPage /> : second === 'trust' ? <NetworkTrustPage /> : <NetworkPage key={second} id={second} />;
        case 'crowd': return second === 'map' ? <CrowdMapPage /> : second === 'exchange' ? <CrowdExchangePage />
            : second === 'why' ? <CrowdWhyPage query={query} /> : <CrowdPage query={query} />;
        case 'enrolment': return <EnrolmentPage />;
        case 'events': return <EventsPage query={query} />;
        case 'system': return <SystemPage part={second ?? 'health'} />;
        default: return <NotFound />;
    }
}
