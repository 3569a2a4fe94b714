// appproof.tsx - how common an app is: devices, since when, where it came from, and who signs it elsewhere.
import type { JSX } from 'preact';
import type { AppProof, AppProofSigner, AppSource } from '../api/apptypes';
import type { Time } from '../api/types';
import { appHref } from '../app/address';
import { Card, Facts } from '../ui/basics';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { Ago } from '../ui/time';

const SOURCE_NAME: Record<AppSource, string> = {
    play: 'Google Play', appstore: 'App Store', fdroid: 'F-Droid', oem: 'the system or its store', amazon: 'Amazon', mdm: 'device management',
    third: 'another store', sideload: 'by hand', browser: 'a browser', unknown: 'unknown',
};

const number = (n: number): string => n.toLocaleString('en');

const shareText = (p: AppProof): string =>
    p.fleet === 0 ? number(p.devices) : `${number(p.devices)} of ${number(p.fleet)} (${(p.share * 100).toFixed(p.share < 0.1 ? 1 : 0)} %)`;

const SIGNER_COLUMNS: Column<AppProofSigner>[] = [
    {
        id: 'signer', head: 'Signer', kind: 'main',
        cell: (s) => (
            <>
                {s.own ? <span class="mono" data-main>{s.signer?.slice(0, 16) ?? 'unknown'}</span>
                    : <a class="mono" href={appHref(s.app)} data-main>{s.signer?.slice(0, 16) ?? 'unknown'}</a>}
                <span class="sub">{[s.own ? 'this one' : null, s.known_as && `known: ${s.known_as}`].filter(Boolean).join(' · ')}</span>
            </>
        ),
    },
    { id: 'devices', head: 'Devices', kind: 'number', cell: (s) => number(s.devices) },
    { id: 'store', head: 'From a store', kind: 'number', cell: (s) => number(s.from_store) },
    { id: 'mdm', head: 'Managed', kind: 'number', cell: (s) => number(s.from_management) },
    { id: 'hand', head: 'By hand', kind: 'number', cell: (s) => number(s.by_hand) },
    { id: 'first', head: 'First seen', kind: 'side', cell: (s) => <Ago at={s.first_seen_at} /> },
];

export function ProofCard({ proof: p, first, last }: { proof: AppProof; first: Time; last: Time }): JSX.Element {
    return (
        <Card title="How common is it">
            {p.same_signer === false && p.summary.length > 0 && <p class="lead edge-medium">{p.summary.find((s) => s.includes('signer') || s.startsWith('Signed'))}</p>}
            <Facts rows={[
                ['Devices', shareText(p)],
                ['First seen', <Ago at={first} />],
                ['Last seen', <Ago at={last} />],
                ['New in 7 days', number(p.devices_7d)],
                ['Came from', p.sources.map((s) => `${SOURCE_NAME[s.source]} ${number(s.copies)}`).join(', ') || '–'],
                ['Same signer', p.same_signer === null ? 'not known' : p.same_signer ? 'on every device' : `another one on ${number(p.other_signers)}`],
            ]} />
            {p.signers.length > 0 && <Table caption="Who signs this package" columns={SIGNER_COLUMNS} rows={p.signers} keyOf={(s) => s.app} />}
        </Card>
    );
}
