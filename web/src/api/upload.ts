// upload.ts - a file to the server, with progress: fetch() cannot tell how much has gone.
import { t } from '../app/words';
import { ApiError } from './client';
import type { Problem } from './types';

function problemOf(request: XMLHttpRequest): Problem {
    const fallback: Problem = {
        type: `urn:picket:error:${request.status === 0 ? 'offline' : `http_${request.status}`}`,
        title: request.status === 0 ? t('The server does not answer') : request.statusText || `HTTP ${request.status}`,
        status: request.status,
    };
    try {
        const body: unknown = JSON.parse(request.responseText);
        return typeof body === 'object' && body !== null && 'title' in body
            ? { ...fallback, ...(body as Partial<Problem>) } : fallback;
    } catch {
        return fallback;
    }
}

// onProgress: bytes that have gone, of all.
export function upload<T>(
    path: string, file: Blob, onProgress: (sent: number, all: number) => void, signal: AbortSignal,
): Promise<T> {
    return new Promise((done, fail) => {
        const request = new XMLHttpRequest();
        request.open('POST', `/api/v1${path}`);
        request.setRequestHeader('Accept', 'application/json'); // not for people
        request.setRequestHeader('Content-Type', 'application/octet-stream');
        request.setRequestHeader('X-Picket-Request', '1');
        request.upload.onprogress = (e) => onProgress(e.loaded, file.size);
        request.onload = () => {
            if (request.status >= 200 && request.status < 300) {
                done(JSON.parse(request.responseText) as T);
            } else {
                fail(new ApiError(problemOf(request)));
            }
        };
        request.onerror = () => fail(new ApiError(problemOf(request)));
        request.onabort = () => fail(new DOMException(t('The upload was stopped'), 'AbortError'));
        signal.addEventListener('abort', () => request.abort());
        request.send(file);
    });
}
