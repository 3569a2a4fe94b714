// neighbours.tsx - the neighbour table at that moment; addresses that share one MAC are marked.
import type { JSX } from 'preact';
import type { Neighbour } from './shapes';

export function Neighbours({ list }: { list: Neighbour[] }): JSX.Element {
    const owners = new Map<string, number>();
    for (const n of list) {
        owners.set(n.mac, (owners.get(n.mac) ?? 0) + 1);
    }
    const shared = (n: Neighbour): boolean => n.mac !== '' && (owners.get(n.mac) ?? 0) > 1;
    return (
        <div class="scroll" tabIndex={0} role="group" aria-label="Neighbour table">
            <table class="small-table">
                <caption>Neighbours on this network</caption>
                <thead><tr><th scope="col">IP address</th><th scope="col">MAC address</th><th scope="col">Note</th></tr></thead>
                <tbody>
                    {list.map((n, i) => (
                        <tr key={i} class={shared(n) ? 'changed' : ''}>
                            <td class="mono">{n.ip}</td>
                            <td class="mono">{n.mac}</td>
                            <td>{[n.note, shared(n) ? 'same MAC as another address' : ''].filter((t) => t !== '').join(' · ')}</td>
                        </tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}
