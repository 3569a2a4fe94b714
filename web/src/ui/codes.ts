// codes.ts - the server's names of roles, rights and degrees as headings.
import { t } from '../app/words';
import { sentence } from './words';

const NAMES: Record<string, string> = {
    viewer: t('Viewer'), responder: t('Responder'), policy: t('Policy'), privacy: t('Privacy'), owner: t('Owner'), admin: t('Admin'),
    view: t('View'), respond: t('Respond'), own: t('Own'),
    critical: t('Critical'), high: t('High'), medium: t('Medium'), low: t('Low'), info: t('Info'),
    daily: t('Daily'), weekly: t('Weekly'), monthly: t('Monthly'),
    gone: t('Gone'), bad: t('Bad'), claimed: t('Claimed'), clean: t('Clean'), known: t('Known'),
    interception: t('Interception'), stripping: t('Stripping'), malware: t('Malware'), exploit: t('Exploit'), unknown: t('Unknown'),
    'gateway maker': t('Gateway maker'), 'point maker': t('Point maker'), // not for people: codes
    gateway: t('Gateway'), resolver: t('Resolver'), lease: t('Lease'), egress: t('Egress'), portal: t('Portal'),
    security: t('Security'),
};

export const codeName = (code: string): string => NAMES[code] ?? sentence(code);
