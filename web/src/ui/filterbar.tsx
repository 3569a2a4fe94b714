// filterbar.tsx - controls over a list: search, one-of-several segments, chips, a select.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from './icon';

const TYPING_MS = 250;

export function Search({ value, label, onChange }: {
    value: string; label: string; onChange: (value: string) => void;
}): JSX.Element {
    const [text, setText] = useState(value);
    const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
    const latest = useRef(onChange); // what was true when the key was pressed may be old by now
    latest.current = onChange;
    useEffect(() => {
        if (timer.current === undefined) {
            setText(value);
        }
    }, [value]);
    useEffect(() => () => clearTimeout(timer.current), []);
    const typed = (next: string): void => {
        setText(next);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => {
            timer.current = undefined;
            latest.current(next);
        }, TYPING_MS);
    };
    return (
        <label class="search">
            <span class="sr">{label}</span>
            <Icon name="search" />
            <input type="search" value={text} placeholder={label} autocomplete="off" spellcheck={false}
                onInput={(e) => typed(e.currentTarget.value)} />
            <kbd aria-hidden="true">/</kbd>
        </label>
    );
}

export interface Option {
    id: string;
    name: string;
}

export function Segments({ label, options, value, onChange }: {
    label: string; options: Option[]; value: string; onChange: (id: string) => void;
}): JSX.Element {
    return (
        <div class="segments" role="group" aria-label={label}>
            {options.map((o) => (
                <button key={o.id} type="button" aria-pressed={o.id === value} onClick={() => onChange(o.id)}>
                    {o.name}
                </button>
            ))}
        </div>
    );
}

export function Chips({ label, options, on, onToggle }: {
    label: string; options: Option[]; on: string[]; onToggle: (id: string) => void;
}): JSX.Element {
    return (
        <div class="chips" role="group" aria-label={label}>
            {options.map((o) => (
                <button key={o.id} type="button" class="chip" aria-pressed={on.includes(o.id)}
                    onClick={() => onToggle(o.id)}>
                    {o.name}
                </button>
            ))}
        </div>
    );
}

export function Select({ label, options, value, onChange }: {
    label: string; options: Option[]; value: string; onChange: (id: string) => void;
}): JSX.Element {
    return (
        <label class="select">
            <span class="sr">{label}</span>
            <select value={value} onChange={(e) => onChange(e.currentTarget.value)}>
                {options.map((o) => <option key={o.id} value={o.id}>{o.name}</option>)}
            </select>
        </label>
    );
}
