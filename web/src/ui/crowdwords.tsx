// crowdwords.tsx - what the crowd speaks of, as people read it.
import type { JSX } from 'preact';
import type { CrowdKind, CrowdOpinion, CrowdThing } from '../api/crowdtypes';
import { href } from '../app/address';
import { number, t } from '../app/words';
import { Badge } from './badge';
import { subjectName } from './names';
import { label } from './words';

export const CROWD_KINDS: CrowdKind[] = ['point', 'site', 'mast', 'app', 'signer'];

export const CROWD_KIND_NAME: Record<CrowdKind | 'network', string> = {
    network: t('Network'), point: t('Access point'), site: t('Network at a place'), mast: t('Mast'), app: t('App'), signer: t('Signer'),
};

// "tls.forged" and the like, and the four words for a cause.
export const causeName = (cause: string): string => label(cause);

export function thingName(of: CrowdThing): string {
    switch (of.kind) {
        case 'mast': return t('Mast {name}', { name: of.mast ?? '' });
        case 'app': return of.name ?? t('App {name}…', { name: of.app?.slice(0, 12) ?? '' });
        case 'signer': return of.name ?? t('Signer {name}…', { name: of.signer?.slice(0, 12) ?? '' });
        default: return of.name ?? subjectName(of.network ?? '');
    }
}

// What tells it from others of its name.
export const thingDetail = (of: CrowdThing): string =>
    [of.bssid, of.place && t('in cell {place}', { place: of.place })].filter(Boolean).join(' · ');

export const whyHref = (of: CrowdThing): string => href(['crowd', 'why'], of.kind === 'app' ? { app: of.app ?? '' }
    : of.kind === 'signer' ? { signer: of.signer ?? '' }
    : of.kind === 'mast' ? { mast: of.mast ?? '', place: of.place ?? '' }
    : of.kind === 'site' ? { network: of.network ?? '', place: of.place ?? '' }
    : { network: of.network ?? '', bssid: of.bssid ?? '' });

// A number that is told in steps only.
export const atLeast = (n: number | null, min: number): string => n === null ? t('fewer than {min}', { min }) : `${number(n)}+`;

export function OpinionBadge({ of: o }: { of: CrowdOpinion }): JSX.Element {
    return o.bad ? <Badge tone="critical">{t('Bad now')}</Badge> : o.since_at ? <Badge tone="medium">{t('Doubted')}</Badge> : <Badge tone="ok">{t('Nothing against it')}</Badge>;
}
