// overviewlists.tsx - the worst devices with their reason, the threats that are open, and what Picket is connected to.
import type { JSX } from 'preact';
import type { Device, Overview } from '../api/types';
import { deviceHref, devicesHref, incidentsHref } from '../app/address';
import { RiskBadge } from '../ui/badge';
import { Card } from '../ui/basics';
import { said } from '../ui/names';
import { plural } from '../ui/words';
import { localLink } from './overviewactions';
import { OutboxRows } from './outbox';

const OPEN = 'state:open|mitigated';

export function RiskyDevices({ rows }: { rows: Device[] }): JSX.Element | null {
    return rows.length === 0 ? null : (
        <Card title="Devices at highest risk" action={<a href={devicesHref('')}>All devices</a>}>
            <ul class="rows">
                {rows.map((d) => (
                    <li key={d.id}>
                        <span><a href={deviceHref(d.id)}>{d.name}</a>{d.reason && <span class="sub">{said(d.reason)}</span>}</span>
                        <RiskBadge {...d.risk} />
                    </li>
                ))}
            </ul>
        </Card>
    );
}

export function ThreatsCard({ list }: { list: Overview['threats'] }): JSX.Element {
    return (
        <Card title="Open threats" action={list.length > 0 && <a href={incidentsHref(OPEN)}>All open</a>}>
            {list.length === 0 ? <p class="note">No threat is open.</p> : (
                <ul class="rows">
                    {list.map((t) => (
                        <li key={t.threat}>
                            <span><a href={incidentsHref(`${OPEN},threat:${t.threat}`)}>{said(t.title, '', t.threat)}</a>
                                <span class="sub mono">{t.threat}</span></span>
                            <span class="note nowrap">{t.open} on {plural(t.devices, 'device')}</span>
                        </li>
                    ))}
                </ul>
            )}
        </Card>
    );
}

// The open questions of running Picket itself; those about devices are among the steps above.
const ABOUT_DEVICES = /^\/(devices|incidents|enrolment)/;

export function IntegrationsCard({ data }: { data: Overview }): JSX.Element {
    const more = data.to_do.filter((t) => !ABOUT_DEVICES.test(t.link));
    return (
        <Card title="Integrations" action={<a href="#/system">Health</a>}>
            <OutboxRows targets={data.outbox} />
            {data.outbox.length > 0 && more.length > 0 && (
                <ul class="rows more-rows">{more.map((t) => <li key={t.text}><a href={localLink(t.link)}>{t.text}</a></li>)}</ul>
            )}
        </Card>
    );
}
