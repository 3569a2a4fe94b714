// crowdexchange.tsx - what other organisations' servers tell and are told.
import type { JSX } from 'preact';
import { Empty, PageHead } from '../ui/basics';
import { CrowdTabs } from './crowd';

export function CrowdExchangePage(): JSX.Element {
    return (
        <>
            <PageHead title="Crowd" />
            <CrowdTabs now="exchange" />
            <Empty icon="crowd" title="This server takes part in no exchange">
                <p>Servers of several organisations can warn one another: only sums above a number of devices, blinded and signed. It is set up in
                    the server's settings.</p>
            </Empty>
        </>
    );
}
