// overviewlists.tsx - the worst devices with their reason, the threats that are open, and what Picket is connected to.
import type { JSX } from 'preact';
import type { Device, Overview } from '../api/types';
import { deviceHref, devicesHref, incidentsHref } from '../app/address';
import { number, t, tn } from '../app/words';
import { RiskBadge } from '../ui/badge';
import { Card } from '../ui/basics';
import { said, titleOf } from '../ui/names';
import { localLink } from './overviewactions';
import { OutboxRows } from './outbox';

const OPEN = 'state:open|mitigated';

export function RiskyDevices({ rows }: { rows: Device[] }): JSX.Element | null {
    return rows.length === 0 ? null : (
        <Card title={t('Devices at highest risk')} action={<a href={devicesHref('')}>{t('All devices')}</a>}>
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
        <Card title={t('Open threats')} action={list.length > 0 && <a href={incidentsHref(OPEN)}>{t('All open')}</a>}>
            {list.length === 0 ? <p class="note">{t('No threat is open.')}</p> : (
                <ul class="rows">
                    {list.map((one) => (
                        <li key={one.threat}>
                            <span><a href={incidentsHref(`${OPEN},threat:${one.threat}`)}>{titleOf(one)}</a>
                                <span class="sub mono">{one.threat}</span></span>
                            <span class="note nowrap">{t('{n} on {devices}', { n: number(one.open), devices: tn('{n} device', '{n} devices', one.devices) })}</span>
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
    const more = data.to_do.filter((one) => !ABOUT_DEVICES.test(one.link));
    return (
        <Card title={t('Integrations')} action={<a href="#/system">{t('Health')}</a>}>
            <OutboxRows targets={data.outbox} />
            {data.outbox.length > 0 && more.length > 0 && (
                <ul class="rows more-rows">{more.map((one) => <li key={one.text}><a href={localLink(one.link)}>{one.text}</a></li>)}</ul>
            )}
        </Card>
    );
}
