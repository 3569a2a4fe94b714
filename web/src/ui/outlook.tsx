// outlook.tsx - what will probably happen, as bands; and what is kept from a device.
import type { JSX } from 'preact';
import type { Measure, Outlook } from '../api/types';
import { number, t } from '../app/words';
import type { Tone } from './badge';
import { Badge } from './badge';

export const OUTLOOKS: Outlook[] = ['high', 'raised', 'low', 'unknown'];

export const OUTLOOK_NAME: Record<Outlook, string> = { high: t('High'), raised: t('Raised'), low: t('Low'), unknown: t('Not known yet') };

export const OUTLOOK_TONE: Record<Outlook, Tone> = { high: 'high', raised: 'medium', low: 'ok', unknown: 'info' };

export function OutlookBadge({ of }: { of: Outlook }): JSX.Element {
    return <Badge tone={OUTLOOK_TONE[of] ?? 'info'}>{OUTLOOK_NAME[of] ?? of}</Badge>;
}

export const MEASURE_NAME: Record<Measure, string> = {
    block_mail: t('No work mail'), block_vpn: t('No VPN'), block_access: t('No sign-on to work apps'),
};

export function AccessBadge({ measures }: { measures: Measure[] }): JSX.Element {
    return measures.length === 0 ? <span class="muted">{t('Open')}</span>
        : <Badge tone="high">{measures.map((m) => MEASURE_NAME[m] ?? m).join(', ')}</Badge>;
}

// A chance as people say it: no false precision.
export function chance(p: number | null | undefined): string {
    if (p === null || p === undefined) {
        return t('unknown');
    }
    const percent = p * 100;
    return percent < 0.1 ? t('under 0.1 %') : percent < 10 ? `${number(percent, { minimumFractionDigits: 1, maximumFractionDigits: 1 })} %` : `${number(Math.round(percent))} %`;
}
