// system.tsx - running Picket itself.
import type { JSX } from 'preact';
import { t } from '../app/words';
import { PageHead } from '../ui/basics';
import { Tabs } from '../ui/tabs';
import { HealthPart } from './health';

export const SYSTEM_TABS = [
    { id: 'health', name: t('Health'), to: '#/system' },
    { id: 'events', name: t('Live events'), to: '#/events' },
];

export function SystemPage(): JSX.Element {
    return (
        <>
            <PageHead title={t('System')} />
            <Tabs label={t('Parts of the system')} tabs={SYSTEM_TABS} now={'health'} />
            <HealthPart />
        </>
    );
}
