// toast.tsx - short notes in a corner, read out by screen readers; gone after some seconds.
import type { JSX } from 'preact';
import { Cell, useCell } from '../app/cell';
import { t } from '../app/words';
import { Icon } from './icon';

interface Toast {
    id: number;
    text: string;
    tone: 'ok' | 'critical' | 'info';
    link?: string | undefined;
}

const SHOWN_MS = 7000;
const SHOWN_MAX = 3;
const toasts = new Cell<Toast[]>([]);
let nextId = 1;

const drop = (id: number): void => toasts.set(toasts.get().filter((one) => one.id !== id));

export function toast(text: string, tone: Toast['tone'] = 'ok', link?: string): void {
    const id = nextId++;
    toasts.set([...toasts.get(), { id, text, tone, link }].slice(-SHOWN_MAX));
    setTimeout(() => drop(id), SHOWN_MS);
}

export function Toasts(): JSX.Element {
    const list = useCell(toasts);
    return (
        <div class="toasts" role="status" aria-live="polite">
            {list.map((note) => (
                <div key={note.id} class={`toast tone-${note.tone}`}>
                    <span>{note.link ? <a href={note.link}>{note.text}</a> : note.text}</span>
                    <button type="button" class="button ghost square" aria-label={t('Close this note')}
                        onClick={() => drop(note.id)}>
                        <Icon name="cross" />
                    </button>
                </div>
            ))}
        </div>
    );
}
