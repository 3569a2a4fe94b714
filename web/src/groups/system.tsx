// system.tsx - running Picket itself: health, and the stream of events.
import '../ui/kit';
import type { JSX } from 'preact';
import type { Route } from '../app/address';
import { EventsPage } from '../pages/events';
import { SystemPage } from '../pages/system';
import { Moved } from '../ui/moved';

export function page({ path: [first, part], query }: Route): JSX.Element {
    if (first === 'events') {
        return <EventsPage query={query} />;
    }
    switch (part) {
        case 'audit': return <Moved to="#/audit" />;
        case 'people': return <Moved to="#/admins" />;
        case 'tokens': return <Moved to="#/admins/tokens" />;
        default: return <SystemPage />;
    }
}
