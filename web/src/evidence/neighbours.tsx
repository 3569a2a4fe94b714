// neighbours.tsx - the neighbour table at that moment; addresses that share one MAC are marked.
import type { JSX } from 'preact';
import { t } from '../app/words';
import type { Neighbour } from './shapes';

export function Neighbours({ list }: { list: Neighbour[] }): JSX.Element {
    const owners = new Map<string, number>();
    for (const n of list) {
        owners.set(n.mac, (owners.get(n.mac) ?? 0) + 1);
    }
    const shared = (n: Neighbour): boolean => n.mac !== '' && (owners.get(n.mac) ?? 0) > 1;
    return (
        <div class="scroll" tabIndex={0} role="group" aria-label={t('Neighbour table')}>
            <table class="small-table">
                <caption>{t('Neighbours on this network')}</caption>
                <thead><tr><th scope="col">{t('IP address')}</th><th scope="col">{t('MAC address')}</th><th scope="col">{t('Note')}</th></tr></thead>
                <tbody>
                    {list.map((n, i) => (
                        <tr key={i} class={shared(n) ? 'changed' : ''}>
                            <td class="mono">{n.ip}</td>
                            <td class="mono">{n.mac}</td>
                            <td>{[n.note, shared(n) ? t('same MAC as another address') : ''].filter((part) => part !== '').join(' · ')}</td>
                        </tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}
