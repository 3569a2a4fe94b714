// crowd.tsx - what all devices together know.
import '../ui/kit';
import type { JSX } from 'preact';
import type { Route } from '../app/address';
import { CrowdPage } from '../pages/crowd';
import { CrowdExchangePage } from '../pages/crowdexchange';
import { CrowdMapPage } from '../pages/crowdmap';
import { CrowdWhyPage } from '../pages/crowdwhy';

export function page({ path: [, second], query }: Route): JSX.Element {
    switch (second) {
        case 'map': return <CrowdMapPage />;
        case 'exchange': return <CrowdExchangePage />;
        case 'why': return <CrowdWhyPage query={query} />;
        default: return <CrowdPage query={query} />;
    }
}
