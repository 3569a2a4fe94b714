// system.tsx - running Picket itself.
import type { JSX } from 'preact';
import { PageHead } from '../ui/basics';
import { Tabs } from '../ui/tabs';
import { HealthPart } from './health';

export const SYSTEM_TABS = [
    { id: 'health', name: 'Health', to: '#/system' },
    { id: 'events', name: 'Live events', to: '#/events' },
];

export function SystemPage(): JSX.Element {
    return (
        <>
            <PageHead title="System" />
            <Tabs label="Parts of the system" tabs={SYSTEM_TABS} now="health" />
            <HealthPart />
        </>
    );
}
