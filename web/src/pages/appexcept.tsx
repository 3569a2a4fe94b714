// appexcept.tsx - exceptions: for what and for whom findings of an app do not count, why, until when.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ApiError } from '../api/client';
import { del, post, seg } from '../api/client';
import type { AppException, AppFull } from '../api/apptypes';
import { asApiError } from '../app/resource';
import { may } from '../app/session';
import { deviceHref } from '../app/address';
import { rich, t, tn } from '../app/words';
import { appName } from '../ui/appwords';
import { Badge } from '../ui/badge';
import { ProblemBox } from '../ui/basics';
import { ConfirmButton } from '../ui/confirm';
import { Dialog } from '../ui/dialog';
import { toast } from '../ui/toast';
import { Ago } from '../ui/time';
import { threatName } from '../ui/words';
import { weighs } from './appreport';

const LIVES: [number, string][] = [[30, tn('{n} day', '{n} days', 30)], [90, tn('{n} day', '{n} days', 90)], [365, t('1 year')], [0, t('No end')]];
const REASONS = [t('Our own app'), t('Needed for work, accepted by its owner'), t('Test devices only'), t('False alarm, reported')];

type What = 'app' | 'file';
type Scope = AppException['scope'];

interface Draft {
    reason: string;
    what: What;
    rule: string;
    scope: Scope;
    target: string;
    days: number;
}

function bodyOf(app: AppFull, d: Draft): Record<string, unknown> {
    const newest = app.files[0];
    return {
        reason: d.reason.trim(),
        ...(d.what === 'file' && newest ? { sha256: newest.id }
            : { package: app.package, ...(app.signer ? { signer: app.signer } : {}) }),
        ...(d.rule ? { rule: d.rule } : {}),
        scope: d.scope,
        ...(d.scope === 'group' ? { group: d.target.trim() } : {}),
        ...(d.scope === 'device' ? { device: d.target } : {}),
        ...(d.days > 0 ? { expires_at: new Date(Date.now() + d.days * 86_400_000).toISOString() } : {}),
    };
}

function Target({ app, draft, set }: { app: AppFull; draft: Draft; set: (part: Partial<Draft>) => void }): JSX.Element | null {
    if (draft.scope === 'group') {
        return (
            <label class="field grow"><span>{t('Group')}</span>
                <input type="text" required maxLength={64} value={draft.target} onInput={(e) => set({ target: e.currentTarget.value })} /></label>
        );
    }
    return draft.scope === 'all' ? null : (
        <label class="field grow"><span>{t('Device')}</span>
            <select required value={draft.target} onChange={(e) => set({ target: e.currentTarget.value })}>
                <option value="">{t('Which one?')}</option>
                {app.on.map((i) => <option key={i.device.id} value={i.device.id}>{i.device.name}</option>)}
            </select></label>
    );
}

export function ExceptDialog({ app, onClose, onDone }: { app: AppFull; onClose: () => void; onDone: () => void }): JSX.Element {
    const [draft, setDraft] = useState<Draft>({ reason: '', what: app.signer ? 'app' : 'file', rule: '', scope: 'all', target: '', days: 90 });
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState<ApiError | null>(null);
    const set = (part: Partial<Draft>): void => setDraft((now) => ({ ...now, ...part }));
    const deciding = (app.report?.findings ?? []).filter(weighs);
    const submit = (event: Event): void => {
        event.preventDefault();
        setBusy(true);
        setError(null);
        post<AppException>('/app-exceptions', bodyOf(app, draft)).then(() => {
            toast(t('Exception for {name} made', { name: appName(app) }));
            onDone();
            onClose();
        }, (e: unknown) => {
            setError(asApiError(e));
            setBusy(false);
        });
    };
    return (
        <Dialog title={t('Exception for {name}', { name: appName(app) })} onClose={onClose}>
            <form class="form" onSubmit={submit}>
                <p class="dialog-text">{t('What it covers no longer counts, here and on the devices. It stays visible with your reason, and ends by itself.')}</p>
                <label class="field"><span>{t('For')}</span>
                    <select value={draft.what} onChange={(e) => set({ what: e.currentTarget.value as What })}>
                        {app.signer && <option value="app">{t('This app by this signer, later versions too')}</option>}
                        {app.files[0] && <option value="file">{t('Only the version {version} (this very file)', { version: app.files[0].version ?? '' })}</option>}
                    </select></label>
                <label class="field"><span>{t('Findings')}</span>
                    <select value={draft.rule} onChange={(e) => set({ rule: e.currentTarget.value })}>
                        <option value="">{t('All of them')}</option>
                        {deciding.map((f) => <option key={f.rule} value={f.rule}>{f.title}</option>)}
                    </select></label>
                <div class="form-row">
                    <label class="field"><span>{t('Where')}</span>
                        <select value={draft.scope} onChange={(e) => set({ scope: e.currentTarget.value as Scope, target: '' })}>
                            <option value="all">{t('On all devices')}</option>
                            <option value="group">{t('In one group')}</option>
                            {app.on.length > 0 && <option value="device">{t('On one device')}</option>}
                        </select></label>
                    <Target app={app} draft={draft} set={set} />
                    <label class="field"><span>{t('Good for')}</span>
                        <select value={draft.days} onChange={(e) => set({ days: Number(e.currentTarget.value) })}>
                            {LIVES.map(([d, name]) => <option key={d} value={d}>{name}</option>)}
                        </select></label>
                </div>
                <div class="chips" role="group" aria-label={t('Common reasons')}>
                    {REASONS.map((r) => <button key={r} type="button" class="chip" onClick={() => set({ reason: r })}>{r}</button>)}
                </div>
                <label class="field"><span>{t('Reason')}</span>
                    <textarea required autofocus rows={2} maxLength={500} name="reason" value={draft.reason}
                        placeholder={t('Why is this no problem here?')} onInput={(e) => set({ reason: e.currentTarget.value })} /></label>
                {error && <ProblemBox error={error} />}
                <div class="form-end">
                    <button type="button" class="button" onClick={onClose}>{t('Cancel')}</button>
                    <button type="submit" class="button primary" disabled={busy || draft.reason.trim() === ''}>
                        {busy ? t('Working …') : t('Make the exception')}
                    </button>
                </div>
            </form>
        </Dialog>
    );
}

function forText(e: AppException): string {
    if (e.sha256) {
        return t('For the file {file}…', { file: e.sha256.slice(0, 12) });
    }
    const signer = e.signer?.slice(0, 12) ?? '', name = e.package ?? '';
    return !e.signer ? t('For {name}', { name })
        : e.package ? t('For {name}, signed by {signer}…', { name, signer }) : t('For signed by {signer}…', { signer });
}

// Its narrowing, its reach, its end, its author.
function ExceptionFacts({ of: e }: { of: AppException }): JSX.Element {
    const only = e.rule ?? (e.threat && threatName(e.threat));
    return (
        <span class="sub">
            {only && `${t('{what} only', { what: only })}, `}
            {e.scope === 'all' ? t('on all devices') : e.scope === 'group' ? t('in the group {name}', { name: e.group ?? '' })
                : rich('on {device}', { device: e.device ? <a href={deviceHref(e.device.id)}>{e.device.name}</a> : t('one device') })}
            {', '}{e.expires_at ? rich('ends {when}', { when: <Ago at={e.expires_at} /> }) : t('without end')}, {t('by {who}', { who: e.created_by })}
        </span>
    );
}

export function ExceptionRows({ rows, onChange, full }: {
    rows: AppException[]; onChange: () => void; full?: boolean;
}): JSX.Element {
    const remove = async (id: string): Promise<void> => {
        await del(`/app-exceptions/${seg(id)}`);
        toast(t('Exception removed'));
        onChange();
    };
    return (
        <ul class="rows">
            {rows.map((e) => (
                <li key={e.id}>
                    <span class="breakable">
                        <strong>{e.reason}</strong> {!e.active && <Badge tone="info">{t('Expired')}</Badge>}
                        {full && <span class="sub">{forText(e)}</span>}
                        <ExceptionFacts of={e} />
                    </span>
                    {may('respond') && <ConfirmButton name={t('the exception {reason}', { reason: e.reason })} act={() => remove(e.id)} />}
                </li>
            ))}
        </ul>
    );
}
