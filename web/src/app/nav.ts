// nav.ts - the pages of the console: one line each, in the order of the menu. A page's code is a chunk of its own,
// loaded when the page is opened for the first time.
import type { JSX } from 'preact';
import type { IconName } from '../ui/icon';
import type { Route } from './address';
import { incidentsHref } from './address';
import { t } from './words';

export interface PageGroup {
    page: (route: Route) => JSX.Element;
}

export interface NavPage {
    id: string; // the first word of the address; '' is the first page
    name: string;
    icon: IconName;
    load: () => Promise<PageGroup>;
    key?: string; // 'g' and this letter lead here
    to?: string; // where the menu leads, when not to the bare page
    under?: string; // not in the menu; the page that is marked there instead
    phone?: boolean; // in the bar at the foot of a phone
}

export const SECTIONS: { name: string; pages: NavPage[] }[] = [
    {
        name: t('Watch'),
        pages: [
            { id: '', name: t('Overview'), icon: 'overview', key: 'o', phone: true, load: () => import('../groups/overview') },
            { id: 'incidents', name: t('Incidents'), icon: 'incident', key: 'i', phone: true, to: incidentsHref('state:open|mitigated'), load: () => import('../groups/incidents') },
            { id: 'devices', name: t('Devices'), icon: 'device', key: 'd', phone: true, load: () => import('../groups/devices') },
            { id: 'apps', name: t('Apps'), icon: 'app', key: 'a', load: () => import('../groups/apps') },
            { id: 'networks', name: t('Networks'), icon: 'network', key: 'w', phone: true, load: () => import('../groups/networks') },
            { id: 'crowd', name: t('Crowd'), icon: 'crowd', key: 'c', load: () => import('../groups/crowd') },
        ],
    },
    {
        name: t('Act'),
        pages: [
            { id: 'policies', name: t('Policies'), icon: 'policy', key: 'p', load: () => import('../groups/policies') },
            { id: 'mistakes', name: t('Mistakes'), icon: 'undo', key: 'x', load: () => import('../groups/mistakes') },
            { id: 'communication', name: t('Communication'), icon: 'talk', key: 't', load: () => import('../groups/communication') },
            { id: 'enrolment', name: t('Enrolment'), icon: 'enrol', key: 'n', load: () => import('../groups/enrolment') },
        ],
    },
    {
        name: t('Look after'),
        pages: [
            { id: 'reports', name: t('Reports'), icon: 'report', key: 'r', load: () => import('../groups/reports') },
            { id: 'privacy', name: t('Privacy'), icon: 'eye', key: 'y', load: () => import('../groups/privacy') },
            { id: 'audit', name: t('Audit'), icon: 'audit', key: 'u', load: () => import('../groups/audit') },
            { id: 'admins', name: t('Admins'), icon: 'people', key: 'm', load: () => import('../groups/admins') },
            { id: 'system', name: t('System'), icon: 'system', key: 's', load: () => import('../groups/system') },
            { id: 'events', name: t('Events'), icon: 'events', key: 'e', under: 'system', load: () => import('../groups/system') },
        ],
    },
];

export const PAGES: NavPage[] = SECTIONS.flatMap((s) => s.pages);

export const pageHref = (page: NavPage): string => page.to ?? `#/${page.id}`;

export const pageOfAddress = (path: string[]): NavPage | undefined => PAGES.find((p) => p.id === (path[0] ?? ''));
