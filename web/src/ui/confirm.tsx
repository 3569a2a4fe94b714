// confirm.tsx - a delete button that asks once, in place: the first press arms it for some seconds.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { asApiError } from '../app/resource';
import { t } from '../app/words';
import { Icon } from './icon';
import { toast } from './toast';

const ARMED_MS = 4000;

export function ConfirmButton({ name, act }: { name: string; act: () => Promise<void> }): JSX.Element {
    const [armed, setArmed] = useState(false);
    const [busy, setBusy] = useState(false);
    useEffect(() => {
        const timer = armed ? setTimeout(() => setArmed(false), ARMED_MS) : undefined;
        return () => clearTimeout(timer);
    }, [armed]);
    const press = (): void => {
        if (!armed) {
            setArmed(true);
            return;
        }
        setBusy(true);
        act().catch((e: unknown) => toast(asApiError(e).message, 'critical')).finally(() => {
            setBusy(false);
            setArmed(false);
        });
    };
    return (
        <button type="button" disabled={busy} onClick={press} class={`button small ${armed ? 'danger' : 'ghost'}`}
            aria-label={armed ? t('Really delete {name}', { name }) : t('Delete {name}', { name })}>
            <Icon name="trash" />{armed && <span>{t('Really?')}</span>}
        </button>
    );
}
