// appwords.tsx - what an app is held for, as people read it.
import type { JSX } from 'preact';
import type { AppVerdict, FileState } from '../api/apptypes';
import type { Tone } from './badge';
import { Badge } from './badge';

export const VERDICTS: AppVerdict[] = ['malicious', 'suspicious', 'malformed', 'unwanted', 'clean', 'unknown'];

export const VERDICT_NAME: Record<AppVerdict, string> = {
    malicious: 'Malicious',
    suspicious: 'Suspicious',
    malformed: 'Broken file',
    unwanted: 'Unwanted',
    clean: 'Nothing found',
    unknown: 'Not judged yet',
};

const VERDICT_TONE: Record<AppVerdict, Tone> = {
    malicious: 'critical', suspicious: 'high', malformed: 'medium', unwanted: 'medium', clean: 'ok', unknown: 'info',
};

// What to do about it, in one sentence.
export const VERDICT_ADVICE: Record<AppVerdict, string> = {
    malicious: 'Have it removed from every device, and take work access away until it is gone.',
    suspicious: 'Read the reasons before anybody else installs it; make an exception if it is yours.',
    malformed: 'No device can use this file as it stands.',
    unwanted: 'It works as its maker says, but is not wanted beside work data.',
    clean: 'No reason was found against it.',
    unknown: 'Its file has not been here yet. One device that has it is asked to send it.',
};

export function VerdictBadge({ of }: { of: AppVerdict }): JSX.Element {
    return <Badge tone={VERDICT_TONE[of] ?? 'info'}>{VERDICT_NAME[of] ?? of}</Badge>;
}

export const STATE_TEXT: Record<FileState, string> = {
    wanted: 'No device has sent it yet',
    asked: 'A device was asked to send it',
    uploading: 'It is being read',
    analysed: 'Analysed',
    failed: 'Could not be read',
};

export const scoreText = (score: number | null): string => score === null ? '–' : score.toFixed(2);

const STORES: Record<string, string> = {
    'com.android.vending': 'Google Play', 'com.google.android.packageinstaller': 'by hand', hand: 'by hand',
    'org.fdroid.fdroid': 'F-Droid', 'com.amazon.venezia': 'Amazon Appstore', 'com.huawei.appmarket': 'AppGallery',
    'com.sec.android.app.samsungapps': 'Galaxy Store', 'com.apple.appstore': 'App Store',
};
export const installerText = (installer: string | null): string =>
    installer === null ? 'unknown' : STORES[installer] ?? installer;

export function bytesText(bytes: number): string {
    const units = ['bytes', 'kB', 'MB', 'GB'];
    let value = bytes;
    let unit = 0;
    while (value >= 1000 && unit < units.length - 1) {
        value /= 1000;
        unit++;
    }
    return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

export const appName = (a: { label: string | null; package: string | null; id?: string }): string =>
    a.label || a.package || (a.id ? `${a.id.slice(0, 12)}…` : 'App');
