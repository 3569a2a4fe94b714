// client.ts - one call to the server: JSON in, JSON out, and every failure as an ApiError.
import { t } from '../app/words';
import type { Problem } from './types';

const BASE = '/api/v1';

export class ApiError extends Error {
    readonly problem: Problem;

    constructor(problem: Problem) {
        super(problem.detail ?? problem.title);
        this.problem = problem;
    }

    // "unauthorized", "not_found" ...; "offline" when no answer came at all.
    get kind(): string {
        return this.problem.type.replace(/^urn:picket:error:/, '');
    }
}

export interface CallOptions {
    query?: Record<string, string | number | undefined>;
    body?: unknown;
    signal?: AbortSignal | undefined;
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

let onUnauthorized: () => void = () => undefined;

// Called whenever the server says that the session is over.
export function whenUnauthorized(handler: () => void): void {
    onUnauthorized = handler;
}

function address(path: string, query: CallOptions['query']): string {
    const params = new URLSearchParams();
    for (const [key, value] of Object.entries(query ?? {})) {
        if (value !== undefined && value !== '') {
            params.set(key, String(value));
        }
    }
    const text = params.toString();
    return BASE + path + (text ? `?${text}` : '');
}

async function problemOf(response: Response): Promise<Problem> {
    const fallback: Problem = {
        type: `urn:picket:error:http_${response.status}`,
        title: response.statusText || `HTTP ${response.status}`,
        status: response.status,
    };
    try {
        const body: unknown = await response.json();
        if (typeof body === 'object' && body !== null && 'title' in body) {
            return { ...fallback, ...(body as Partial<Problem>) };
        }
    } catch {
        // Not JSON: a proxy in between answered. The status line says enough.
    }
    return fallback;
}

async function send(method: Method, path: string, options: CallOptions): Promise<Response> {
    const headers: Record<string, string> = { Accept: 'application/json' };
    if (method !== 'GET') {
        headers['X-Picket-Request'] = '1';
    }
    if (options.body !== undefined) {
        headers['Content-Type'] = 'application/json';
    }
    try {
        return await fetch(address(path, options.query), {
            method,
            headers,
            body: options.body === undefined ? null : JSON.stringify(options.body),
            signal: options.signal ?? null,
            credentials: 'same-origin',
            cache: 'no-store',
        });
    } catch (error) {
        if (error instanceof DOMException && error.name === 'AbortError') {
            throw error;
        }
        throw new ApiError({
            type: 'urn:picket:error:offline',
            title: t('The server does not answer'),
            status: 0,
            detail: t('Check that picketd is running and that this browser can reach it.'),
        });
    }
}

async function call<T>(method: Method, path: string, options: CallOptions = {}): Promise<T> {
    const response = await send(method, path, options);
    if (!response.ok) {
        const error = new ApiError(await problemOf(response));
        if (response.status === 401 && path !== '/session') {
            onUnauthorized();
        }
        throw error;
    }
    if (response.status === 204) {
        return undefined as T;
    }
    return (await response.json()) as T;
}

// The same for what is no JSON: a report in HTML.
export async function getText(path: string, options: CallOptions = {}): Promise<string> {
    const response = await send('GET', path, options);
    if (!response.ok) {
        if (response.status === 401) {
            onUnauthorized();
        }
        throw new ApiError(await problemOf(response));
    }
    return response.text();
}

export const get = <T>(path: string, options?: CallOptions): Promise<T> =>
    call<T>('GET', path, options);
export const post = <T>(path: string, body: unknown): Promise<T> =>
    call<T>('POST', path, { body });
export const put = <T>(path: string, body: unknown, query?: CallOptions['query']): Promise<T> =>
    call<T>('PUT', path, query === undefined ? { body } : { body, query });
export const del = <T = void>(path: string): Promise<T> => call<T>('DELETE', path);

// One path segment made of a server's id.
export const seg = (id: string): string => encodeURIComponent(id);
