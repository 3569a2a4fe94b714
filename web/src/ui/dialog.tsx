// dialog.tsx - a modal question. The browser's own <dialog> keeps the focus inside and ends on Escape.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ApiError } from '../api/client';
import { asApiError } from '../app/resource';
import { t } from '../app/words';
import { ProblemBox } from './basics';
import { Icon } from './icon';

interface DialogProps {
    title: string;
    onClose: () => void;
    children: ComponentChildren;
}

export function Dialog({ title, onClose, children }: DialogProps): JSX.Element {
    const ref = useRef<HTMLDialogElement>(null);
    useEffect(() => {
        const dialog = ref.current;
        dialog?.showModal();
        return () => dialog?.close();
    }, []);
    return (
        <dialog ref={ref} class="dialog" aria-labelledby="dialog-title"
            onCancel={(event) => {
                event.preventDefault();
                onClose();
            }}
            onClick={(event) => event.target === ref.current && onClose()}>
            <div class="dialog-box">
                <header class="dialog-head">
                    <h2 id="dialog-title">{title}</h2>
                    <button type="button" class="button ghost square" aria-label={t('Close')} onClick={onClose}>
                        <Icon name="cross" />
                    </button>
                </header>
                {children}
            </div>
        </dialog>
    );
}

interface ReasonProps {
    title: string;
    text: ComponentChildren;
    placeholder: string;
    suggestions?: string[];
    confirm: string;
    danger?: boolean;
    onClose: () => void;
    act: (reason: string) => Promise<void>; // closes by itself when it is done
}

// Asks for the reason of an act, does it, and shows the server's refusal when there is one.
export function ReasonDialog(props: ReasonProps): JSX.Element {
    const [reason, setReason] = useState('');
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState<ApiError | null>(null);
    const submit = (event: Event): void => {
        event.preventDefault();
        setBusy(true);
        setError(null);
        props.act(reason.trim()).then(props.onClose, (e: unknown) => {
            setError(asApiError(e));
            setBusy(false);
        });
    };
    return (
        <Dialog title={props.title} onClose={props.onClose}>
            <form class="form" onSubmit={submit}>
                <div class="dialog-text">{props.text}</div>
                {props.suggestions && (
                    <div class="chips" role="group" aria-label={t('Common reasons')}>
                        {props.suggestions.map((s) => (
                            <button key={s} type="button" class="chip" onClick={() => setReason(s)}>{s}</button>
                        ))}
                    </div>
                )}
                <label class="field">
                    <span>{t('Reason')}</span>
                    <textarea required autofocus rows={3} maxLength={500} value={reason} name="reason"
                        placeholder={props.placeholder} onInput={(e) => setReason(e.currentTarget.value)} />
                </label>
                {error && <ProblemBox error={error} />}
                <div class="form-end">
                    <button type="button" class="button" onClick={props.onClose}>{t('Cancel')}</button>
                    <button type="submit" disabled={busy || reason.trim() === ''}
                        class={`button ${props.danger ? 'danger' : 'primary'}`}>
                        {busy ? t('Working …') : props.confirm}
                    </button>
                </div>
            </form>
        </Dialog>
    );
}
