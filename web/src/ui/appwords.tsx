// appwords.tsx - what an app is held for, as people read it.
import type { JSX } from 'preact';
import type { AppVerdict, FileState } from '../api/apptypes';
import { number, t } from '../app/words';
import type { Tone } from './badge';
import { Badge } from './badge';

export const VERDICTS: AppVerdict[] = ['malicious', 'suspicious', 'malformed', 'unwanted', 'clean', 'unknown'];

export const VERDICT_NAME: Record<AppVerdict, string> = {
    malicious: t('Malicious'),
    suspicious: t('Suspicious'),
    malformed: t('Broken file'),
    unwanted: t('Unwanted'),
    clean: t('Nothing found'),
    unknown: t('Not judged yet'),
};

const VERDICT_TONE: Record<AppVerdict, Tone> = {
    malicious: 'critical', suspicious: 'high', malformed: 'medium', unwanted: 'medium', clean: 'ok', unknown: 'info',
};

// What to do about it, in one sentence.
export const VERDICT_ADVICE: Record<AppVerdict, string> = {
    malicious: t('Have it removed from every device, and take work access away until it is gone.'),
    suspicious: t('Read the reasons before anybody else installs it; make an exception if it is yours.'),
    malformed: t('No device can use this file as it stands.'),
    unwanted: t('It works as its maker says, but is not wanted beside work data.'),
    clean: t('No reason was found against it.'),
    unknown: t('Its file has not been here yet. One device that has it is asked to send it.'),
};

export function VerdictBadge({ of }: { of: AppVerdict }): JSX.Element {
    return <Badge tone={VERDICT_TONE[of] ?? 'info'}>{VERDICT_NAME[of] ?? of}</Badge>;
}

export const STATE_TEXT: Record<FileState, string> = {
    wanted: t('No device has sent it yet'),
    asked: t('A device was asked to send it'),
    uploading: t('It is being read'),
    analysed: t('Analysed'),
    failed: t('Could not be read'),
};

export const scoreText = (score: number | null): string => score === null ? '–' : number(score, { minimumFractionDigits: 2, maximumFractionDigits: 2 });

const STORES: Record<string, string> = {
    'com.google.android.packageinstaller': t('by hand'), hand: t('by hand'), 'com.android.vending': 'Google Play', // not for people: names
    'org.fdroid.fdroid': 'F-Droid', 'com.amazon.venezia': 'Amazon Appstore', 'com.huawei.appmarket': 'AppGallery', // not for people: names
    'com.sec.android.app.samsungapps': 'Galaxy Store', 'com.apple.appstore': 'App Store', // not for people: names
};
export const installerText = (installer: string | null): string =>
    installer === null ? t('unknown') : STORES[installer] ?? installer;

export function bytesText(bytes: number): string {
    if (bytes < 1000) {
        return t('{n} bytes', { n: bytes });
    }
    const n = (by: number): string => number(bytes / by, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
    return bytes < 1e6 ? t('{n} kB', { n: n(1e3) }) : bytes < 1e9 ? t('{n} MB', { n: n(1e6) }) : t('{n} GB', { n: n(1e9) });
}

export const appName = (a: { label: string | null; package: string | null; id?: string }): string =>
    a.label || a.package || (a.id ? `${a.id.slice(0, 12)}…` : t('App'));
