// enrolform.tsx - what a new enrolment token shall allow.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ApiError } from '../api/client';
import { post } from '../api/client';
import type { NewEnrolment } from '../api/types';
import { asApiError } from '../app/resource';
import { t, tn } from '../app/words';
import { Card, ProblemBox } from '../ui/basics';
import { Icon } from '../ui/icon';

const LIVES: [number, string][] = [
    [900, t('15 minutes')], [3600, t('1 hour')], [86_400, tn('{n} day', '{n} days', 1)], [7 * 86_400, t('1 week')],
];

export function EnrolForm({ onMade }: { onMade: (made: NewEnrolment) => void }): JSX.Element {
    const [label, setLabel] = useState('');
    const [group, setGroup] = useState('');
    const [life, setLife] = useState(900);
    const [uses, setUses] = useState(1);
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState<ApiError | null>(null);
    const submit = (event: Event): void => {
        event.preventDefault();
        setBusy(true);
        setError(null);
        post<NewEnrolment>('/enrollments', {
            ttl_s: life, uses,
            ...(label.trim() ? { label: label.trim() } : {}),
            ...(group.trim() ? { group: group.trim() } : {}),
        }).then(onMade, (e: unknown) => setError(asApiError(e))).finally(() => setBusy(false));
    };
    return (
        <Card title={t('New token')}>
            <form class="form form-row" onSubmit={submit}>
                <label class="field grow"><span>{t('Label')}</span>
                    <input type="text" value={label} maxLength={100} placeholder={t("For whom or what, e.g. Ana's phone")}
                        onInput={(e) => setLabel(e.currentTarget.value)} /></label>
                <label class="field"><span>{t('Group')}</span>
                    <input type="text" value={group} maxLength={64} placeholder={'default'}
                        onInput={(e) => setGroup(e.currentTarget.value)} /></label>
                <label class="field"><span>{t('Good for')}</span>
                    <select value={life} onChange={(e) => setLife(Number(e.currentTarget.value))}>
                        {LIVES.map(([s, name]) => <option key={s} value={s}>{name}</option>)}
                    </select></label>
                <label class="field short"><span>{t('Devices')}</span>
                    <input type="number" min={1} max={10_000} required value={uses}
                        onInput={(e) => setUses(e.currentTarget.valueAsNumber || 1)} /></label>
                <button type="submit" class="button primary" disabled={busy}>
                    <Icon name="plus" />{busy ? t('Making …') : t('Make token')}
                </button>
            </form>
            {error && <ProblemBox error={error} />}
        </Card>
    );
}
