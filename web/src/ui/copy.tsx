// copy.tsx - text to take along: a button, and a line of code with one.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../app/words';
import { Icon } from './icon';

// For pages without the clipboard interface (plain http in a lab).
function copyBySelection(text: string): boolean {
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'sr';
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
}

async function copyText(text: string): Promise<boolean> {
    try {
        await navigator.clipboard.writeText(text);
        return true;
    } catch {
        return copyBySelection(text);
    }
}

export function CopyButton({ text, what, name = t('Copy') }: {
    text: string; what: string; name?: string;
}): JSX.Element {
    const [done, setDone] = useState<boolean | null>(null);
    useEffect(() => {
        const timer = done === null ? undefined : setTimeout(() => setDone(null), 2000);
        return () => clearTimeout(timer);
    }, [done]);
    return (
        <button type="button" class="button small copy" aria-label={t('Copy {what}', { what })}
            onClick={() => void copyText(text).then(setDone)}>
            <Icon name={done ? 'check' : 'copy'} />
            <span aria-live="polite">{done === null ? name : done ? t('Copied') : t('Press Ctrl+C')}</span>
        </button>
    );
}

export function CodeLine({ text, what }: { text: string; what: string }): JSX.Element {
    return (
        <div class="code-line">
            <code tabIndex={0} aria-label={what}>{text}</code>
            <CopyButton text={text} what={what} />
        </div>
    );
}
