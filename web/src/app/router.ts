// router.ts - where the person is: the address behind the '#'. The server sees one page only.
import type { Route } from './address';
import { parseRoute } from './address';
import { Cell } from './cell';

export const route = new Cell<Route>(parseRoute(location.hash));

addEventListener('hashchange', () => route.set(parseRoute(location.hash)));

export function go(to: string): void {
    location.hash = to;
}

// Changes the address without a new entry in the history: for typing in filters, and for secrets.
export function replace(to: string): void {
    history.replaceState(null, '', to);
    route.set(parseRoute(location.hash));
}
