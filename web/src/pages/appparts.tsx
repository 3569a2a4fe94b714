// appparts.tsx - the tables beside an app's report: who has it, its versions, what it is.
import type { JSX } from 'preact';
import type { AppFile, AppInstall, AppReport } from '../api/apptypes';
import { appHref, deviceHref, fileHref } from '../app/address';
import { number, t, tn } from '../app/words';
import { appName, bytesText, installerText, STATE_TEXT, VerdictBadge } from '../ui/appwords';
import { Card, Facts } from '../ui/basics';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { Ago } from '../ui/time';

const ON_COLUMNS: Column<AppInstall>[] = [
    {
        id: 'device', head: t('Device'), kind: 'main',
        cell: (i) => <a href={deviceHref(i.device.id)} data-main>{i.device.name}</a>,
    },
    { id: 'version', head: t('Version'), cell: (i) => <>{i.version ?? '–'}<span class="sub"><Ago at={i.version_since} /></span></> },
    { id: 'since', head: t('Since'), cell: (i) => <Ago at={i.since} /> },
    { id: 'installer', head: t('Installed'), kind: 'side', cell: (i) => i.system ? t('with the system') : installerText(i.installer) },
    {
        id: 'verdict', head: t('There'),
        cell: (i) => i.excepted ? <span title={i.excepted}>{t('Excepted')}</span> : <VerdictBadge of={i.verdict} />,
    },
];

export function DevicesCard({ on, devices }: { on: AppInstall[]; devices: number }): JSX.Element {
    return (
        <Card title={t('Who has it')} note={tn('{n} device', '{n} devices', devices)} class={on.length > 0 ? 'flush' : ''}>
            {on.length === 0 ? <p class="note">{t('No device has it now.')}</p>
                : <Table caption={t('Devices that have it')} columns={ON_COLUMNS} rows={on} keyOf={(i) => i.device.id + (i.sha256 ?? '')} />}
        </Card>
    );
}

const FILE_COLUMNS: Column<AppFile>[] = [
    {
        id: 'version', head: t('Version'), kind: 'main',
        cell: (f) => <><a href={fileHref(f.id)} data-main>{f.version || `${f.id.slice(0, 12)}…`}</a><span class="sub mono">{f.id.slice(0, 16)}…</span></>,
    },
    {
        id: 'verdict', head: t('Verdict'),
        cell: (f) => f.state === 'analysed' ? <VerdictBadge of={f.verdict} />
            : <span class="note" title={f.error ?? ''}>{STATE_TEXT[f.state]}</span>,
    },
    { id: 'devices', head: t('Devices'), kind: 'number', cell: (f) => number(f.devices) },
    { id: 'first', head: t('First seen'), kind: 'side', cell: (f) => <Ago at={f.first_seen_at} /> },
];

export function VersionsCard({ files }: { files: AppFile[] }): JSX.Element {
    return (
        <Card title={t('Versions')} class={files.length > 0 ? 'flush' : ''}>
            {files.length === 0 ? <p class="note">{t('No file of it is known.')}</p>
                : <Table caption={t('Versions')} columns={FILE_COLUMNS} rows={files} keyOf={(f) => f.id} />}
        </Card>
    );
}

export function IdentityCard({ file, report: r }: { file: AppFile | undefined; report: AppReport | null }): JSX.Element {
    const signer = r?.signature?.signers[0];
    return (
        <Card title={t('Identity')}>
            <Facts rows={[
                [t('Package'), <span class="mono breakable">{r?.package ?? file?.package ?? '–'}</span>],
                [t('Version'), [r?.version_name ?? file?.version, file && `(${file.version_code})`].filter(Boolean).join(' ') || '–'],
                [t('Signed by'), signer ? <span class="breakable">{signer.subject}</span> : '–'],
                [t('Certificate'), signer ? <span class="mono breakable">{signer.sha256}</span> : file?.signer ?? '–'],
                [t('Signature'), r?.signature ? (r.signature.verified ? t('holds ({schemes})', { schemes: r.signature.schemes.join(', ') }) : t('does not hold')) : '–'],
                [t('Made for'), r?.target_sdk ? t('API level {level}, from {least} on', { level: r.target_sdk, least: r.min_sdk ?? 1 }) : '–'],
                [t('Plain HTTP'), r?.cleartext === undefined ? '–' : r.cleartext ? t('allowed') : t('not allowed')],
                [t('Debuggable'), r ? (r.debuggable ? t('yes') : t('no')) : '–'],
                [t('Size'), file?.size ? bytesText(file.size) : '–'],
                ['SHA-256', <span class="mono breakable">{file?.id ?? r?.sha256 ?? '–'}</span>],
                [t('First seen'), file ? <Ago at={file.first_seen_at} /> : '–'],
                [t('Judged'), file ? <Ago at={file.judged_at} /> : '–'],
                ...(file?.uploaded_by ? [[t('Uploaded by'), file.uploaded_by] as [string, string]] : []),
            ]} />
        </Card>
    );
}

const MINE_COLUMNS: Column<AppInstall>[] = [
    {
        id: 'name', head: t('App'), kind: 'main',
        cell: (i) => <><a href={appHref(i.app)} data-main>{appName(i)}</a><span class="sub">{[i.label ? i.package : null, i.version].filter(Boolean).join(' · ')}</span></>,
    },
    { id: 'verdict', head: t('Verdict'), cell: (i) => i.excepted ? <span title={i.excepted}>{t('Excepted')}</span> : <VerdictBadge of={i.verdict} /> },
    { id: 'installer', head: t('Installed'), kind: 'side', cell: (i) => i.system ? t('with the system') : installerText(i.installer) },
    { id: 'since', head: t('Since'), cell: (i) => <Ago at={i.since} /> },
];

export function InstalledTable({ rows, device }: { rows: AppInstall[]; device: string }): JSX.Element {
    return <Table caption={t('Apps on {name}', { name: device })} columns={MINE_COLUMNS} rows={rows} keyOf={(i) => i.app + (i.sha256 ?? '')} />;
}
