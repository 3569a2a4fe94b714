// appparts.tsx - the tables beside an app's report: who has it, its versions, what it is.
import type { JSX } from 'preact';
import type { AppFile, AppInstall, AppReport } from '../api/apptypes';
import { appHref, deviceHref, fileHref } from '../app/address';
import { appName, bytesText, installerText, STATE_TEXT, VerdictBadge } from '../ui/appwords';
import { Card, Facts } from '../ui/basics';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { Ago } from '../ui/time';
import { plural } from '../ui/words';

const ON_COLUMNS: Column<AppInstall>[] = [
    {
        id: 'device', head: 'Device', kind: 'main',
        cell: (i) => <a href={deviceHref(i.device.id)} data-main>{i.device.name}</a>,
    },
    { id: 'version', head: 'Version', cell: (i) => <>{i.version ?? '–'}<span class="sub"><Ago at={i.version_since} /></span></> },
    { id: 'since', head: 'Since', cell: (i) => <Ago at={i.since} /> },
    { id: 'installer', head: 'Installed', kind: 'side', cell: (i) => i.system ? 'with the system' : installerText(i.installer) },
    {
        id: 'verdict', head: 'There',
        cell: (i) => i.excepted ? <span title={i.excepted}>Excepted</span> : <VerdictBadge of={i.verdict} />,
    },
];

export function DevicesCard({ on, devices }: { on: AppInstall[]; devices: number }): JSX.Element {
    return (
        <Card title="Who has it" note={plural(devices, 'device')} class={on.length > 0 ? 'flush' : ''}>
            {on.length === 0 ? <p class="note">No device has it now.</p>
                : <Table caption="Devices that have it" columns={ON_COLUMNS} rows={on} keyOf={(i) => i.device.id + (i.sha256 ?? '')} />}
        </Card>
    );
}

const FILE_COLUMNS: Column<AppFile>[] = [
    {
        id: 'version', head: 'Version', kind: 'main',
        cell: (f) => <><a href={fileHref(f.id)} data-main>{f.version || `${f.id.slice(0, 12)}…`}</a><span class="sub mono">{f.id.slice(0, 16)}…</span></>,
    },
    {
        id: 'verdict', head: 'Verdict',
        cell: (f) => f.state === 'analysed' ? <VerdictBadge of={f.verdict} />
            : <span class="note" title={f.error ?? ''}>{STATE_TEXT[f.state]}</span>,
    },
    { id: 'devices', head: 'Devices', kind: 'number', cell: (f) => f.devices.toLocaleString('en') },
    { id: 'first', head: 'First seen', kind: 'side', cell: (f) => <Ago at={f.first_seen_at} /> },
];

export function VersionsCard({ files }: { files: AppFile[] }): JSX.Element {
    return (
        <Card title="Versions" class={files.length > 0 ? 'flush' : ''}>
            {files.length === 0 ? <p class="note">No file of it is known.</p>
                : <Table caption="Versions" columns={FILE_COLUMNS} rows={files} keyOf={(f) => f.id} />}
        </Card>
    );
}

export function IdentityCard({ file, report: r }: { file: AppFile | undefined; report: AppReport | null }): JSX.Element {
    const signer = r?.signature?.signers[0];
    return (
        <Card title="Identity">
            <Facts rows={[
                ['Package', <span class="mono breakable">{r?.package ?? file?.package ?? '–'}</span>],
                ['Version', [r?.version_name ?? file?.version, file && `(${file.version_code})`].filter(Boolean).join(' ') || '–'],
                ['Signed by', signer ? <span class="breakable">{signer.subject}</span> : '–'],
                ['Certificate', signer ? <span class="mono breakable">{signer.sha256}</span> : file?.signer ?? '–'],
                ['Signature', r?.signature ? (r.signature.verified ? `holds (${r.signature.schemes.join(', ')})` : 'does not hold') : '–'],
                ['Made for', r?.target_sdk ? `API level ${r.target_sdk}, from ${r.min_sdk ?? 1} on` : '–'],
                ['Plain HTTP', r?.cleartext === undefined ? '–' : r.cleartext ? 'allowed' : 'not allowed'],
                ['Debuggable', r ? (r.debuggable ? 'yes' : 'no') : '–'],
                ['Size', file?.size ? bytesText(file.size) : '–'],
                ['SHA-256', <span class="mono breakable">{file?.id ?? r?.sha256 ?? '–'}</span>],
                ['First seen', file ? <Ago at={file.first_seen_at} /> : '–'],
                ['Judged', file ? <Ago at={file.judged_at} /> : '–'],
                ...(file?.uploaded_by ? [['Uploaded by', file.uploaded_by] as [string, string]] : []),
            ]} />
        </Card>
    );
}

const MINE_COLUMNS: Column<AppInstall>[] = [
    {
        id: 'name', head: 'App', kind: 'main',
        cell: (i) => <><a href={appHref(i.app)} data-main>{appName(i)}</a><span class="sub">{[i.label ? i.package : null, i.version].filter(Boolean).join(' · ')}</span></>,
    },
    { id: 'verdict', head: 'Verdict', cell: (i) => i.excepted ? <span title={i.excepted}>Excepted</span> : <VerdictBadge of={i.verdict} /> },
    { id: 'installer', head: 'Installed', kind: 'side', cell: (i) => i.system ? 'with the system' : installerText(i.installer) },
    { id: 'since', head: 'Since', cell: (i) => <Ago at={i.since} /> },
];

export function InstalledTable({ rows, device }: { rows: AppInstall[]; device: string }): JSX.Element {
    return <Table caption={`Apps on ${device}`} columns={MINE_COLUMNS} rows={rows} keyOf={(i) => i.app + (i.sha256 ?? '')} />;
}
