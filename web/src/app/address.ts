// address.ts - addresses as text: "#/incidents?filter=state:open" and its parts. Pure.

export interface Route {
    path: string[]; // decoded segments: ["devices", "ID"]
    query: Record<string, string>;
}

function decode(text: string): string {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}

export function parseRoute(hash: string): Route {
    const text = hash.replace(/^#?\/?/, '');
    const mark = text.indexOf('?');
    const path = mark < 0 ? text : text.slice(0, mark);
    const query: Record<string, string> = {};
    if (mark >= 0) {
        new URLSearchParams(text.slice(mark + 1)).forEach((value, key) => {
            query[key] = value;
        });
    }
    return { path: path.split('/').filter((s) => s !== '').map(decode), query };
}

// Keeps ':', '|' and ',' readable: filters are meant to be bookmarked and read.
function encodeValue(value: string): string {
    return encodeURIComponent(value).replace(/%3A/g, ':').replace(/%7C/g, '|').replace(/%2C/g, ',');
}

export function href(path: string[], query: Record<string, string | undefined> = {}): string {
    const pairs = Object.entries(query)
        .filter(([, value]) => value !== undefined && value !== '')
        .map(([key, value]) => `${encodeURIComponent(key)}=${encodeValue(value ?? '')}`);
    const tail = pairs.length > 0 ? `?${pairs.join('&')}` : '';
    return `#/${path.map(encodeURIComponent).join('/')}${tail}`;
}

export const incidentHref = (id: string): string => href(['incidents', id]);
export const deviceHref = (id: string): string => href(['devices', id]);
export const appHref = (id: string): string => href(['apps', id]);
export const fileHref = (sha256: string): string => href(['apps', 'file', sha256]);
export const appsHref = (filter: string): string => href(['apps'], { filter });
export const networkHref = (id: string): string => href(['networks', id]);
export const networksHref = (filter: string): string => href(['networks'], { filter });
export const incidentsHref = (filter: string): string => href(['incidents'], { filter });
export const devicesHref = (filter: string): string => href(['devices'], { filter });

// The token out of whatever was pasted: a whole sign-in link, its tail, or the bare token.
export function signInToken(text: string): string {
    const trimmed = text.trim();
    const mark = trimmed.indexOf('#');
    if (mark >= 0) {
        const { path } = parseRoute(trimmed.slice(mark));
        return path[0] === 'signin' ? path[1] ?? '' : '';
    }
    return trimmed.slice(trimmed.lastIndexOf('/') + 1);
}
