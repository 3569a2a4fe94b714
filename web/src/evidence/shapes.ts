// shapes.ts - what evidence looks like: three shapes are drawn specially, the rest is keys and values.
import type { Json, JsonObject } from '../api/types';
import { t } from '../app/words';

export interface Certificate {
    subject: string;
    issuer: string;
    sha256: string;
    spki_sha256: string;
    not_before: string;
    not_after: string;
    pem: string;
}

export interface Neighbour {
    ip: string;
    mac: string;
    note: string;
}

export const isObject = (value: Json | undefined): value is JsonObject =>
    typeof value === 'object' && value !== null && !Array.isArray(value);

export const isScalar = (value: Json | undefined): boolean =>
    value === null || (typeof value !== 'object' && value !== undefined);

const objects = (value: Json | undefined): JsonObject[] | null =>
    Array.isArray(value) && value.length > 0 && value.every(isObject) ? (value as JsonObject[]) : null;

const text = (value: Json | undefined): string =>
    value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);

export function chainOf(value: Json | undefined): Certificate[] | null {
    const list = objects(value);
    if (!list || !list.every((c) => 'subject' in c || 'pem' in c)) {
        return null;
    }
    return list.map((c) => ({
        subject: text(c['subject']),
        issuer: text(c['issuer']),
        sha256: text(c['sha256']),
        spki_sha256: text(c['spki_sha256']),
        not_before: text(c['not_before']),
        not_after: text(c['not_after']),
        pem: text(c['pem']),
    }));
}

export function neighboursOf(value: Json | undefined): Neighbour[] | null {
    const list = objects(value);
    return list && list.map((n) => ({ ip: text(n['ip']), mac: text(n['mac']), note: text(n['note']) }));
}

// Lists of objects that are no special shape: a table over the union of their keys.
export const rowsOf = objects;

export function scalarText(value: Json | undefined): string {
    return value === true ? t('yes') : value === false ? t('no') : value === null ? t('none') : text(value);
}

// The common name out of a distinguished name, in RFC 2253 or slash form; else all of it.
export function commonName(dn: string): string {
    return /(?:^|[,/+]\s*)CN\s*=\s*((?:\\.|[^,/+\\])+)/i.exec(dn)?.[1]?.trim() || dn;
}
