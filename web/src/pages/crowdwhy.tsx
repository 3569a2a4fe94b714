// crowdwhy.tsx - one thing that the crowd knows: the opinion with its reasons, the profile, the voices.
import type { JSX } from 'preact';
import type { CrowdExplanation } from '../api/crowdtypes';
import { networkHref } from '../app/address';
import { Card, Facts, PageHead, ResourceView } from '../ui/basics';
import { atLeast, CROWD_KIND_NAME, OpinionBadge, thingDetail, thingName } from '../ui/crowdwords';
import { Ago } from '../ui/time';
import { plural } from '../ui/words';
import { OpinionBody, ProfileCard, useExplanation, VoicesCard } from './crowdparts';

const KEYS = ['network', 'bssid', 'place', 'mast', 'app', 'signer'];

function ThingCard({ of: x }: { of: CrowdExplanation }): JSX.Element {
    const t = x.thing;
    return (
        <Card title="What it is">
            <Facts rows={[
                ['Kind', CROWD_KIND_NAME[t.kind]],
                ...(t.network ? [['Network', <a href={networkHref(t.network)}>{thingName(t)}</a>] as [string, JSX.Element]] : []),
                ...([['Access point', t.bssid], ['Place', t.place], ['Mast', t.mast], ['File', t.app], ['Signer', t.signer]] as [string, string | null][])
                    .filter(([, v]) => v).map(([k, v]): [string, JSX.Element] => [k, <span class="mono breakable">{v}</span>]),
                ...(x.app ? [
                    ['Devices with the file', atLeast(x.app.devices, x.min_devices)],
                    ['Devices with the package', atLeast(x.app.package_devices, x.min_devices)],
                    ['From this signer', `${Math.round(x.app.signer_share * 100)} %${x.app.signer_main ? '' : ', not the usual one'}`],
                    ['The signer also signs', `${plural(x.app.signer_packages, 'package')} for ${atLeast(x.app.signer_devices, x.min_devices)} devices`],
                    ['First seen', <Ago at={x.app.first_seen_at} />],
                ] as [string, JSX.Element | string][] : []),
            ]} />
        </Card>
    );
}

function Body({ of: x }: { of: CrowdExplanation }): JSX.Element {
    return (
        <div class="columns">
            <div class="column-main">
                <Card title="Why"><OpinionBody of={x} /></Card>
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
            <PageHead title={x ? thingName(x.thing) : 'Why'} above={<a href="#/crowd">Crowd</a>}
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
