// filter.ts - the filter language of lists: "state:open|mitigated,q:text" and back.

export type Filter = Record<string, string[]>;

export function parseFilter(text: string): Filter {
    const filter: Filter = {};
    for (const term of text.split(',')) {
        const colon = term.indexOf(':');
        if (colon > 0) {
            const values = term.slice(colon + 1).split('|').filter((v) => v !== '');
            if (values.length > 0) {
                filter[term.slice(0, colon).trim()] = values;
            }
        }
    }
    return filter;
}

// The language has no escapes: a comma or bar inside a value becomes a space.
const clean = (value: string): string => value.replace(/[,|]/g, ' ').trim();

export function formatFilter(filter: Filter): string {
    return Object.entries(filter)
        .map(([field, values]) => [field, values.map(clean).filter((v) => v !== '')] as const)
        .filter(([, values]) => values.length > 0)
        .map(([field, values]) => `${field}:${values.join('|')}`)
        .join(',');
}

export function withValues(filter: Filter, field: string, values: string[]): Filter {
    const next = { ...filter };
    if (values.length > 0) {
        next[field] = values;
    } else {
        delete next[field];
    }
    return next;
}

export function toggled(filter: Filter, field: string, value: string): Filter {
    const now = filter[field] ?? [];
    return withValues(filter, field,
        now.includes(value) ? now.filter((v) => v !== value) : [...now, value]);
}

// Are these exactly the values of these fields, and none of the others set?
export const sameFilter = (filter: Filter, wanted: Filter, fields: string[]): boolean =>
    fields.every((f) => sameValues(filter[f], wanted[f] ?? []));

export const sameValues = (a: string[] | undefined, b: string[]): boolean =>
    [...(a ?? [])].sort().join('|') === [...b].sort().join('|');
