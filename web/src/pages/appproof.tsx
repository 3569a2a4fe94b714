// appproof.tsx - how common an app is: devices, since when, where it came from, and who signs it elsewhere.
import type { JSX } from 'preact';
import type { AppProof, AppProofSigner, AppSource } from '../api/apptypes';
import type { Time } from '../api/types';
import { appHref } from '../app/address';
import { number, t } from '../app/words';
import { Card, Facts } from '../ui/basics';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { Ago } from '../ui/time';

const SOURCE_NAME: Record<AppSource, string> = {
    play: t('Google Play'), appstore: t('App Store'), fdroid: 'F-Droid', oem: t('the system or its store'), amazon: t('Amazon'), mdm: t('device management'),
    third: t('another store'), sideload: t('by hand'), browser: t('a browser'), unknown: t('unknown'),
};

const TENTHS = { minimumFractionDigits: 1, maximumFractionDigits: 1 }, WHOLE = { maximumFractionDigits: 0 };

const shareText = (p: AppProof): string =>
    p.fleet === 0 ? number(p.devices) : t('{n} of {all} ({share} %)', { n: number(p.devices), all: number(p.fleet), share: number(p.share * 100, p.share < 0.1 ? TENTHS : WHOLE) });

const aboutSigner = (s: string): boolean => s.includes('signer') || s.startsWith('Signed'); // not for people: how the server puts it

const SIGNER_COLUMNS: Column<AppProofSigner>[] = [
    {
        id: 'signer', head: t('Signer'), kind: 'main',
        cell: (s) => (
            <>
                {s.own ? <span class="mono" data-main>{s.signer?.slice(0, 16) ?? t('unknown')}</span>
                    : <a class="mono" href={appHref(s.app)} data-main>{s.signer?.slice(0, 16) ?? t('unknown')}</a>}
                <span class="sub">{[s.own ? t('this one') : null, s.known_as && t('known: {name}', { name: s.known_as })].filter(Boolean).join(' · ')}</span>
            </>
        ),
    },
    { id: 'devices', head: t('Devices'), kind: 'number', cell: (s) => number(s.devices) },
    { id: 'store', head: t('From a store'), kind: 'number', cell: (s) => number(s.from_store) },
    { id: 'mdm', head: t('Managed'), kind: 'number', cell: (s) => number(s.from_management) },
    { id: 'hand', head: t('By hand'), kind: 'number', cell: (s) => number(s.by_hand) },
    { id: 'first', head: t('First seen'), kind: 'side', cell: (s) => <Ago at={s.first_seen_at} /> },
];

export function ProofCard({ proof: p, first, last }: { proof: AppProof; first: Time; last: Time }): JSX.Element {
    return (
        <Card title={t('How common is it')}>
            {p.same_signer === false && p.summary.length > 0 && <p class="lead edge-medium">{p.summary.find(aboutSigner)}</p>}
            <Facts rows={[
                [t('Devices'), shareText(p)],
                [t('First seen'), <Ago at={first} />],
                [t('Last seen'), <Ago at={last} />],
                [t('New in 7 days'), number(p.devices_7d)],
                [t('Came from'), p.sources.map((s) => `${SOURCE_NAME[s.source]} ${number(s.copies)}`).join(', ') || '–'],
                [t('Same signer'), p.same_signer === null ? t('not known') : p.same_signer ? t('on every device') : t('another one on {n}', { n: number(p.other_signers) })],
            ]} />
            {p.signers.length > 0 && <Table caption={t('Who signs this package')} columns={SIGNER_COLUMNS} rows={p.signers} keyOf={(s) => s.app} />}
        </Card>
    );
}
