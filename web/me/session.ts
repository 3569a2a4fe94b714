// session.ts - what this tab alone remembers, and how it forgets.
import { call } from './api';

const NAME_KEY = 'picket-network'; // {"net","name"}

export function keepName(net: string, name: string) {
    try {
        sessionStorage.setItem(NAME_KEY, JSON.stringify({ net, name }));
    } catch { /* private mode: the name is not shown */ }
}

export function nameOf(network: string | null): string | null {
    try {
        const kept = JSON.parse(sessionStorage.getItem(NAME_KEY) ?? 'null') as { net: string; name: string } | null;
        return kept !== null && kept.net === network ? kept.name : null;
    } catch {
        return null;
    }
}

// Whoever looks over the shoulder, or at the history, finds nothing.
export async function leaveQuietly() {
    document.getElementById('page')?.replaceChildren();
    try {
        sessionStorage.clear();
        await Promise.race([call('DELETE', '/session'), new Promise((done) => setTimeout(done, 500))]);
    } catch { /* closing is what matters */ }
    location.replace('about:blank');
}
