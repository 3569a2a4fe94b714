// help.tsx - the keys, on '?'.
import type { JSX } from 'preact';
import { Dialog } from '../ui/dialog';
import { helpOpen } from './keys';
import { PAGES } from './nav';

const KEYS: [string[], string][] = [
    [['j'], 'Next row'],
    [['k'], 'Row before'],
    [['Enter'], 'Open the row'],
    [['x'], 'Select the row'],
    [['/'], 'Search in this list'],
    [['Esc'], 'Leave the search, close a window'],
    [['t'], 'Light or dark'],
    [['?'], 'This help'],
];

function Rows({ rows }: { rows: [string[], string][] }): JSX.Element {
    return (
        <dl class="keys">
            {rows.map(([keys, text]) => (
                <div key={text}>
                    <dt>{keys.map((k) => <kbd key={k}>{k}</kbd>)}</dt><dd>{text}</dd>
                </div>
            ))}
        </dl>
    );
}

export function Help(): JSX.Element {
    const pages = PAGES.filter((p) => p.key).map((p): [string[], string] => [['g', p.key ?? ''], p.name]);
    return (
        <Dialog title="Keyboard" onClose={() => helpOpen.set(false)}>
            <div class="help-columns">
                <div><h3>Lists</h3><Rows rows={KEYS} /></div>
                <div><h3>Go to</h3><Rows rows={pages} /></div>
            </div>
        </Dialog>
    );
}
