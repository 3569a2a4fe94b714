// crowdwords.tsx - what the crowd speaks of, as people read it.
import type { JSX } from 'preact';
import type { CrowdKind, CrowdOpinion, CrowdThing } from '../api/crowdtypes';
import { href } from '../app/address';
import { Badge } from './badge';
import { subjectName } from './names';
import { label } from './words';

export const CROWD_KINDS: CrowdKind[] = ['point', 'site', 'mast', 'app', 'signer'];

export const CROWD_KIND_NAME: Record<CrowdKind | 'network', string> = {
    network: 'Network', point: 'Access point', site: 'Network at a place', mast: 'Mast', app: 'App', signer: 'Signer',
};

// "tls.forged" and the like, and the four words for a cause.
export const causeName = (cause: string): string => label(cause);

export function thingName(t: CrowdThing): string {
    switch (t.kind) {
        case 'mast': return `Mast ${t.mast ?? ''}`;
        case 'app': return t.name ?? `App ${t.app?.slice(0, 12) ?? ''}…`;
        case 'signer': return t.name ?? `Signer ${t.signer?.slice(0, 12) ?? ''}…`;
        default: return t.name ?? subjectName(t.network ?? '');
    }
}

// What tells it from others of its name.
export const thingDetail = (t: CrowdThing): string =>
    [t.bssid, t.place && `in cell ${t.place}`].filter(Boolean).join(' · ');

export const whyHref = (t: CrowdThing): string => href(['crowd', 'why'], t.kind === 'app' ? { app: t.app ?? '' }
    : t.kind === 'signer' ? { signer: t.signer ?? '' }
    : t.kind === 'mast' ? { mast: t.mast ?? '', place: t.place ?? '' }
    : t.kind === 'site' ? { network: t.network ?? '', place: t.place ?? '' }
    : { network: t.network ?? '', bssid: t.bssid ?? '' });

// A number that is told in steps only.
export const atLeast = (n: number | null, min: number): string => n === null ? `fewer than ${min}` : `${n.toLocaleString('en')}+`;

export function OpinionBadge({ of: o }: { of: CrowdOpinion }): JSX.Element {
    return o.bad ? <Badge tone="critical">Bad now</Badge> : o.since_at ? <Badge tone="medium">Doubted</Badge> : <Badge tone="ok">Nothing against it</Badge>;
}
