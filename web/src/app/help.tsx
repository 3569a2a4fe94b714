// help.tsx - the keys, on '?'.
import type { JSX } from 'preact';
import { Dialog } from '../ui/dialog';
import { helpOpen } from './keys';
import { PAGES } from './nav';
import { t } from './words';

const KEYS: [string[], string][] = [
    [['j'], t('Next row')],
    [['k'], t('Row before')],
    [['Enter'], t('Open the row')], // not for people: the name of the key
    [['x'], t('Select the row')],
    [['/'], t('Search in this list')],
    [['Esc'], t('Leave the search, close a window')], // not for people: the name of the key
    [['t'], t('Light or dark')],
    [['?'], t('This help')],
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
        <Dialog title={t('Keyboard')} onClose={() => helpOpen.set(false)}>
            <div class="help-columns">
                <div><h3>{t('Lists')}</h3><Rows rows={KEYS} /></div>
                <div><h3>{t('Go to')}</h3><Rows rows={pages} /></div>
            </div>
        </Dialog>
    );
}
