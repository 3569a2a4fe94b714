// api.ts - calls of the page to its own server, and what the link behind '#' says.
export class Refused extends Error {
    constructor(readonly status: number, detail: string) {
        super(detail);
    }
}

export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const headers: Record<string, string> = method === 'GET' ? {} : { 'X-Picket-Request': '1' };
    if (body !== undefined) {
        headers['Content-Type'] = 'application/json';
    }
    const answer = await fetch(`/me/api${path}`, {
        method, headers, body: body === undefined ? undefined : JSON.stringify(body), credentials: 'same-origin', cache: 'no-store',
        redirect: 'error',
    });
    if (answer.status === 204) {
        return undefined as T;
    }
    const json = await answer.json().catch(() => null) as { detail?: string } | null;
    if (!answer.ok) {
        throw new Refused(answer.status, json?.detail ?? '');
    }
    return json as T;
}

export interface Link {
    token: string;
    item: string | null;
    net: string | null; // id of the network whose name this is
    name: string | null; // never leaves this browser
}

// "#TOKEN&item=ID&net=ID&name=NAME"; null: no link, only a place on the page.
export function readLink(hash: string): Link | null {
    const [token = '', ...rest] = hash.replace(/^#/, '').split('&');
    if (!/^[0-9a-f]{64}$/.test(token)) {
        return null;
    }
    const more = new URLSearchParams(rest.join('&'));
    return { token, item: readItem(`#item=${more.get('item') ?? ''}`), net: more.get('net'), name: more.get('name')?.slice(0, 64) ?? null };
}

// "#item=ID", the link of an alert: it opens nothing by itself, but shows one thing to whom the page is open. The id goes into
// a command that people may copy: nothing but what ids are made of.
export function readItem(hash: string): string | null {
    return /^#item=([0-9a-z-]{1,39})$/.exec(hash)?.[1] ?? null;
}

// Everything that the server holds, all pages of it, as one document.
export async function exportAll(): Promise<unknown> {
    const all = await call<{ reports: unknown[]; next: number | null }>('GET', '/export');
    while (all.next !== null) {
        const page = await call<{ reports: unknown[]; next: number | null }>('GET', `/export?after=${all.next}`);
        if (page.next !== null && page.next <= all.next) {
            throw new Error('the export does not end');
        }
        all.reports.push(...page.reports);
        all.next = page.next;
    }
    return all;
}
