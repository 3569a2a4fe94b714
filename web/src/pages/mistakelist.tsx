// mistakelist.tsx - entries of the memory for false positives as rows, and taking one back.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ApiError } from '../api/client';
import { del, seg } from '../api/client';
import type { Mistake } from '../api/mistaketypes';
import { appsHref, deviceHref, incidentsHref, networkHref } from '../app/address';
import { asApiError } from '../app/resource';
import { may, unscoped } from '../app/session';
import { rich, t, tn } from '../app/words';
import { Badge } from '../ui/badge';
import { ProblemBox } from '../ui/basics';
import { Dialog } from '../ui/dialog';
import { isHidden, subjectName } from '../ui/names';
import type { Column } from '../ui/table';
import { Ago } from '../ui/time';
import { toast } from '../ui/toast';
import { threatName } from '../ui/words';

const DEVICE = 'device'; // the subject of what is about the device as a whole

// A comma or a bar would end the value in the language of filters.
const asFilter = (text: string): boolean => !/[,|]/.test(text);

// Everything that it is about: what it held back, and what it did not.
function incidentsOf(m: Mistake): string {
    const terms = [`threat:${m.threat}`, ...(m.subject && asFilter(m.subject) ? [`subject:${m.subject}`] : []),
        ...(m.device ? [`device:${m.device.id}`] : [])];
    return incidentsHref(terms.join(','));
}

function Subject({ of: m }: { of: Mistake }): JSX.Element {
    if (m.subject === null) {
        return <>{t('whatever it is about')}</>;
    }
    if (isHidden(m.subject)) {
        return <a href={networkHref(m.subject)}>{subjectName(m.subject)}</a>;
    }
    if (m.subject === DEVICE) {
        return <>{t('the device itself')}</>;
    }
    const name = <span class="breakable">{m.subject}</span>;
    return /^(malware|vulnerability\.(app|library))/.test(m.threat) && asFilter(m.subject)
        ? <a href={appsHref(`q:${m.subject}`)}>{name}</a> : name;
}

function Scope({ of: m }: { of: Mistake }): JSX.Element {
    return m.scope === 'group' ? <>{t('Group {name}', { name: m.group ?? '' })}</>
        : m.device ? <a class="breakable" href={deviceHref(m.device.id)}>{m.device.name || m.device.id}</a> : <>{t('Everybody')}</>;
}

function Withdraw({ of: m, onDone }: { of: Mistake; onDone: () => void }): JSX.Element | null {
    const [asking, setAsking] = useState(false);
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState<ApiError | null>(null);
    if (!m.active || !may('respond') || (m.scope === 'all' && !unscoped())) {
        return null;
    }
    const what = threatName(m.threat);
    const act = (event: Event): void => {
        event.preventDefault();
        setBusy(true);
        setError(null);
        del(`/mistakes/${seg(m.id)}`).then(() => {
            toast(t('{what} is no mistake any more', { what }));
            setAsking(false);
            onDone();
        }, (e: unknown) => setError(asApiError(e))).finally(() => setBusy(false));
    };
    return (
        <>
            <button type="button" class="button small" aria-label={t('Withdraw {what}: {reason}', { what, reason: m.reason })} onClick={() => setAsking(true)}>{t('Withdraw …')}</button>
            {asking && (
                <Dialog title={t('Withdraw “{what}”?', { what })} onClose={() => setAsking(false)}>
                    <form class="form" onSubmit={act}>
                        <p class="dialog-text breakable">{t('{who} said: {reason}', { who: m.created_by, reason: m.reason })}</p>
                        <p class="dialog-text">{t('What it holds back is open again at once, unless another entry says the same: it counts, and people and the SOC hear of it as the policy says. What somebody dismissed by hand stays so. The entry stays here as one that has expired.')}</p>
                        {error && <ProblemBox error={error} />}
                        <div class="form-end">
                            <button type="button" class="button" autofocus onClick={() => setAsking(false)}>{t('Keep it')}</button>
                            <button type="submit" class="button danger" disabled={busy}>{busy ? t('Working …') : t('Withdraw')}</button>
                        </div>
                    </form>
                </Dialog>
            )}
        </>
    );
}

export const mistakeColumns = (onDone: () => void): Column<Mistake>[] => [
    {
        id: 'what', head: t('What'), kind: 'main',
        cell: (m) => (
            <>
                <a href={incidentsOf(m)} data-main>{threatName(m.threat)}</a> {!m.active && <Badge tone="info">{t('Expired')}</Badge>}
                <span class="sub">{rich('About {what}', { what: <Subject of={m} /> })}</span>
                {m.rule && <span class="sub breakable">{t('Only by the rule {rule}', { rule: m.rule })}</span>}
            </>
        ),
    },
    { id: 'scope', head: t('For'), cell: (m) => <Scope of={m} /> },
    { id: 'reason', head: t('Why'), cell: (m) => <span class="breakable">{m.reason}</span> },
    { id: 'made', head: t('Said'), sort: 'created_at', cell: (m) => <><Ago at={m.created_at} /><span class="sub breakable">{t('by {who}', { who: m.created_by })}</span></> },
    { id: 'until', head: t('Until'), sort: 'expires_at', cell: (m) => m.expires_at ? <Ago at={m.expires_at} /> : t('no end') },
    {
        id: 'uses', head: t('Held back'), sort: 'uses',
        cell: (m) => m.uses === null ? <span class="muted">{t('not told')}</span>
            : <>{tn('{n} incident', '{n} incidents', m.uses)}{m.used_at && <span class="sub">{rich('last {when}', { when: <Ago at={m.used_at} /> })}</span>}</>,
    },
    { id: 'withdraw', head: t('Withdraw'), cell: (m) => <Withdraw of={m} onDone={onDone} /> },
];
