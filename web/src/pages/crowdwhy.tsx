// crowdwhy.tsx - one thing that the crowd knows: the opinion with its reasons, the profile, the voices.
import type { JSX } from 'preact';
import type { CrowdExplanation } from '../api/crowdtypes';
import { networkHref } from '../app/address';
import { t, tn } from '../app/words';
import { Card, Facts, PageHead, ResourceView } from '../ui/basics';
import { atLeast, CROWD_KIND_NAME, OpinionBadge, thingDetail, thingName } from '../ui/crowdwords';
import { Ago } from '../ui/time';
import { OpinionBody, ProfileCard, useExplanation, VoicesCard } from './crowdparts';

const KEYS = ['network', 'bssid', 'place', 'mast', 'app', 'signer'];

function ThingCard({ of: x }: { of: CrowdExplanation }): JSX.Element {
    const thing = x.thing;
    return (
        <Card title={t('What it is')}>
            <Facts rows={[
                [t('Kind'), CROWD_KIND_NAME[thing.kind]],
                ...(thing.network ? [[t('Network'), <a href={networkHref(thing.network)}>{thingName(thing)}</a>] as [string, JSX.Element]] : []),
                ...([[t('Access point'), thing.bssid], [t('Place'), thing.place], [t('Mast'), thing.mast], [t('File'), thing.app], [t('Signer'), thing.signer]] as [string, string | null][])
                    .filter(([, v]) => v).map(([k, v]): [string, JSX.Element] => [k, <span class="mono breakable">{v}</span>]),
                ...(x.app ? [
                    [t('Devices with the file'), atLeast(x.app.devices, x.min_devices)],
                    [t('Devices with the package'), atLeast(x.app.package_devices, x.min_devices)],
                    [t('From this signer'), x.app.signer_main ? `${Math.round(x.app.signer_share * 100)} %` : t('{n} %, not the usual one', { n: Math.round(x.app.signer_share * 100) })],
                    [t('The signer also signs'), tn('{n} package for {devices} devices', '{n} packages for {devices} devices', x.app.signer_packages, { devices: atLeast(x.app.signer_devices, x.min_devices) })],
                    [t('First seen'), <Ago at={x.app.first_seen_at} />],
                ] as [string, JSX.Element | string][] : []),
            ]} />
        </Card>
    );
}

function Body({ of: x }: { of: CrowdExplanation }): JSX.Element {
    return (
        <div class="columns">
            <div class="column-main">
                <Card title={t('Why')}><OpinionBody of={x} /></Card>
                <VoicesCard voices={x.voices} />
            </div>
            <div class="column-side">
                <ThingCard of={x} />
                {x.profiles.map((p) => <ProfileCard key={p.level} of={p} />)}
            </div>
        </div>
    );
}

export function CrowdWhyPage({ query }: { query: Record<string, string> }): JSX.Element {
    const one = useExplanation(Object.fromEntries(KEYS.map((k) => [k, query[k]])));
    const x = one.data;
    return (
        <>
            <PageHead title={x ? thingName(x.thing) : t('Why')} above={<a href="#/crowd">{t('Crowd')}</a>}
                note={x && (
                    <span class="head-facts">
                        {x.opinion && <OpinionBadge of={x.opinion} />}
                        <span>{CROWD_KIND_NAME[x.thing.kind]}</span>
                        {thingDetail(x.thing) && <span class="mono">{thingDetail(x.thing)}</span>}
                    </span>
                )} />
            <ResourceView of={one} lines={10}>{(data) => <Body of={data} />}</ResourceView>
        </>
    );
}
