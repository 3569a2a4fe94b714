// outlook.tsx - what will probably happen, as bands; and what is kept from a device.
import type { JSX } from 'preact';
import type { Measure, Outlook } from '../api/types';
import type { Tone } from './badge';
import { Badge } from './badge';

export const OUTLOOKS: Outlook[] = ['high', 'raised', 'low', 'unknown'];

export const OUTLOOK_NAME: Record<Outlook, string> = { high: 'High', raised: 'Raised', low: 'Low', unknown: 'Not known yet' };

export const OUTLOOK_TONE: Record<Outlook, Tone> = { high: 'high', raised: 'medium', low: 'ok', unknown: 'info' };

export function OutlookBadge({ of }: { of: Outlook }): JSX.Element {
    return <Badge tone={OUTLOOK_TONE[of] ?? 'info'}>{OUTLOOK_NAME[of] ?? of}</Badge>;
}

export const MEASURE_NAME: Record<Measure, string> = {
    block_mail: 'No work mail', block_vpn: 'No VPN', block_access: 'No sign-on to work apps',
};

export function AccessBadge({ measures }: { measures: Measure[] }): JSX.Element {
    return measures.length === 0 ? <span class="muted">Open</span>
        : <Badge tone="high">{measures.map((m) => MEASURE_NAME[m] ?? m).join(', ')}</Badge>;
}

// A chance as people say it: no false precision.
export function chance(p: number | null | undefined): string {
    if (p === null || p === undefined) {
        return 'unknown';
    }
    const percent = p * 100;
    return percent < 0.1 ? 'under 0.1 %' : percent < 10 ? `${percent.toFixed(1)} %` : `${Math.round(percent)} %`;
}
