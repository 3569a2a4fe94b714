// appupload.tsx - an app file from this computer: sent with progress, read in the server's sandbox, its verdict shown.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ApiError } from '../api/client';
import { get, seg } from '../api/client';
import type { AppFile } from '../api/apptypes';
import { upload } from '../api/upload';
import { asApiError } from '../app/resource';
import { appHref, fileHref } from '../app/address';
import { t } from '../app/words';
import { appName, bytesText, STATE_TEXT, VERDICT_ADVICE, VerdictBadge } from '../ui/appwords';
import { ProblemBox } from '../ui/basics';
import { Dialog } from '../ui/dialog';
import { Icon } from '../ui/icon';

const ASK_MS = 500;

type Step =
    | { at: 'choose' }
    | { at: 'sending'; file: File; sent: number }
    | { at: 'reading'; file: File; row: AppFile }
    | { at: 'done'; row: AppFile }
    | { at: 'failed'; error: ApiError };

const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

async function untilJudged(row: AppFile, signal: AbortSignal, onChange: (row: AppFile) => void): Promise<AppFile> {
    let now = row;
    while (now.state !== 'analysed' && now.state !== 'failed' && !signal.aborted) {
        await wait(ASK_MS);
        now = await get<AppFile>(`/app-files/${seg(row.id)}`, { signal });
        onChange(now);
    }
    return now;
}

function Choose({ onFile }: { onFile: (file: File) => void }): JSX.Element {
    const [over, setOver] = useState(false);
    const input = useRef<HTMLInputElement>(null);
    const take = (files: FileList | null | undefined): void => {
        const file = files?.[0];
        if (file) {
            onFile(file);
        }
    };
    return (
        <div class={`drop ${over ? 'over' : ''}`}
            onDragOver={(e) => {
                e.preventDefault();
                setOver(true);
            }}
            onDragLeave={() => setOver(false)}
            onDrop={(e) => {
                e.preventDefault();
                setOver(false);
                take(e.dataTransfer?.files);
            }}>
            <Icon name="upload" />
            <p>{t('Drop an APK, APKS, XAPK or IPA here, or')}</p>
            <button type="button" class="button primary" onClick={() => input.current?.click()}>{t('Choose a file')}</button>
            <label class="sr">{t('App file')}
                <input ref={input} type="file" name="app" tabIndex={-1} onChange={(e) => take(e.currentTarget.files)} />
            </label>
            <p class="note">{t('It is opened by a process that may do nothing but compute, and kept here with its report.')}</p>
        </div>
    );
}

function Sending({ file, sent }: { file: File; sent: number }): JSX.Element {
    const share = file.size > 0 ? Math.round(100 * sent / file.size) : 100;
    return (
        <div class="progress-box" role="status">
            <p><strong class="breakable">{file.name}</strong> <span class="note">{bytesText(file.size)}</span></p>
            <progress max={100} value={share} aria-label={t('Sent')}>{share} %</progress>
            <p class="note">{share < 100 ? t('Sending, {share} %', { share }) : t('All sent')}</p>
        </div>
    );
}

function Result({ row, onClose }: { row: AppFile; onClose: () => void }): JSX.Element {
    return (
        <div class="progress-box" role="status">
            <p class="result-head"><strong>{appName(row)}</strong> <span class="note">{row.version}</span> <VerdictBadge of={row.verdict} /></p>
            {row.state === 'failed' ? <p>{row.error ?? STATE_TEXT.failed}</p> : <p>{VERDICT_ADVICE[row.verdict]}</p>}
            {row.reasons.length > 0 && <ul class="why">{row.reasons.slice(0, 4).map((r) => <li key={r}>{r}</li>)}</ul>}
            <div class="form-end">
                <button type="button" class="button" onClick={onClose}>{t('Close')}</button>
                <a class="button primary" href={row.app ? appHref(row.app) : fileHref(row.id)} onClick={onClose}>{t('See the whole report')}</a>
            </div>
        </div>
    );
}

export function UploadDialog({ onClose }: { onClose: () => void }): JSX.Element {
    const [step, setStep] = useState<Step>({ at: 'choose' });
    const hand = useRef(new AbortController());
    useEffect(() => () => hand.current.abort(), []);
    const send = (file: File): void => {
        const { signal } = hand.current;
        setStep({ at: 'sending', file, sent: 0 });
        upload<AppFile>(`/app-files?name=${encodeURIComponent(file.name.slice(0, 80))}`, file,
            (sent) => setStep({ at: 'sending', file, sent }), signal)
            .then((row) => {
                setStep({ at: 'reading', file, row });
                return untilJudged(row, signal, (now) => setStep({ at: 'reading', file, row: now }));
            })
            .then((row) => !signal.aborted && setStep({ at: 'done', row }),
                (e: unknown) => !signal.aborted && setStep({ at: 'failed', error: asApiError(e) }));
    };
    return (
        <Dialog title={t('Upload an app')} onClose={onClose}>
            {step.at === 'choose' && <Choose onFile={send} />}
            {step.at === 'sending' && <Sending file={step.file} sent={step.sent} />}
            {step.at === 'reading' && (
                <div class="progress-box" role="status">
                    <p><strong class="breakable">{step.file.name}</strong> <span class="note">{bytesText(step.file.size)}</span></p>
                    <progress aria-label={t('Reading')} />
                    <p class="note">{STATE_TEXT[step.row.state]}</p>
                </div>
            )}
            {step.at === 'done' && <Result row={step.row} onClose={onClose} />}
            {step.at === 'failed' && (
                <>
                    <ProblemBox error={step.error} />
                    <div class="form-end"><button type="button" class="button" onClick={() => setStep({ at: 'choose' })}>{t('Try again')}</button></div>
                </>
            )}
        </Dialog>
    );
}
