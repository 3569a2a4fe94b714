// networks.tsx - the list of networks, one of them, their map, and what is trusted.
import '../ui/kit';
import type { JSX } from 'preact';
import type { Route } from '../app/address';
import { NetworkPage } from '../pages/network';
import { NetworkMapPage } from '../pages/networkmap';
import { NetworksPage } from '../pages/networks';
import { NetworkTrustPage } from '../pages/networktrust';

export function page({ path: [, second], query }: Route): JSX.Element {
    switch (second) {
        case undefined: return <NetworksPage query={query} />;
        case 'map': return <NetworkMapPage />;
        case 'trust': return <NetworkTrustPage />;
        default: return <NetworkPage key={second} id={second} />;
    }
}
