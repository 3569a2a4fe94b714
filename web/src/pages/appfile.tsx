// appfile.tsx - one version of an app, or a file that is no app: its own report and who has exactly it.
import type { JSX } from 'preact';
import { get, seg } from '../api/client';
import type { AppFileFull } from '../api/apptypes';
import { useResource } from '../app/resource';
import { appHref } from '../app/address';
import { t } from '../app/words';
import { appName, STATE_TEXT, VerdictBadge } from '../ui/appwords';
import { Card, PageHead, ResourceView } from '../ui/basics';
import { DevicesCard, IdentityCard } from './appparts';
import { ReportCards } from './appreport';

function Body({ file: f }: { file: AppFileFull }): JSX.Element {
    return (
        <div class="columns">
            <div class="column-main">
                {f.report ? <ReportCards report={f.report} />
                    : <Card title={t('Why')}><p class="note">{f.error ?? STATE_TEXT[f.state]}</p></Card>}
                <DevicesCard on={f.on} devices={f.devices} />
            </div>
            <div class="column-side"><IdentityCard file={f} report={f.report} /></div>
        </div>
    );
}

export function FilePage({ id }: { id: string }): JSX.Element {
    const one = useResource<AppFileFull>(`file ${id}`, (signal) => get<AppFileFull>(`/app-files/${seg(id)}`, { signal }),
        (e) => e.type.startsWith('app.'));
    const f = one.data;
    return (
        <>
            <PageHead title={f ? `${appName(f)} ${f.version ?? ''}`.trim() : t('Version')}
                above={f?.app ? <a href={appHref(f.app)}>{t('All versions')}</a> : <a href="#/apps">{t('Apps')}</a>}
                note={f && <span class="head-facts"><VerdictBadge of={f.verdict} /><span class="mono breakable">{f.id}</span></span>} />
            <ResourceView of={one} lines={10}>{(file) => <Body file={file} />}</ResourceView>
        </>
    );
}
