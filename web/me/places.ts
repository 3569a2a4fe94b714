// places.ts - where on a device something is mended: the settings page that fits a threat, as a link that the platform may
// open, and as a path in words, since it need not.
import type { Item } from './types';

export type Place = 'wifi' | 'apps' | 'lock' | 'developer' | 'update' | 'accessibility' | 'certificates' | 'storage';

const BY_THREAT: [string, Place][] = [
    ['network.tls_installed_ca', 'certificates'],
    ['network.', 'wifi'],
    ['malware.', 'apps'],
    ['vulnerability.os', 'update'],
    ['vulnerability.patch', 'update'],
    ['vulnerability.', 'apps'],
    ['physical.no_passcode', 'lock'],
    ['physical.no_encryption', 'storage'],
    ['physical.developer_mode', 'developer'],
    ['physical.usb_debugging', 'developer'],
    ['physical.wireless_debugging', 'developer'],
    ['physical.accessibility_abuse', 'accessibility'],
    ['physical.user_ca', 'certificates'],
    ['physical.rogue_profile', 'certificates'],
    ['physical.unknown_sources', 'apps'],
    ['physical.device_admin_abuse', 'apps'],
    ['physical.play_protect_off', 'apps'],
];
const CELL = /^network\.(cell_|c2_traffic|phishing_site)/;

const ANDROID: Record<Place, string> = {
    wifi: 'WIFI_SETTINGS',
    apps: 'APPLICATION_SETTINGS',
    lock: 'SECURITY_SETTINGS',
    developer: 'APPLICATION_DEVELOPMENT_SETTINGS',
    update: 'SYSTEM_UPDATE_SETTINGS',
    accessibility: 'ACCESSIBILITY_SETTINGS',
    certificates: 'SECURITY_SETTINGS',
    storage: 'SECURITY_SETTINGS',
};
const IOS: Partial<Record<Place, string>> = {
    wifi: 'App-Prefs:WIFI',
    update: 'App-Prefs:General&path=SOFTWARE_UPDATE_LINK',
    lock: 'App-Prefs:TOUCHID_PASSCODE',
    certificates: 'App-Prefs:General&path=ManagedConfigurationList',
    apps: 'App-Prefs:General&path=STORAGE_MGMT',
};

export function placeOf(threat: string): Place | null {
    return CELL.test(threat) ? null : BY_THREAT.find(([prefix]) => threat.startsWith(prefix))?.[1] ?? null;
}

// The link of the platform's settings; null: there is none (Linux, or nothing that fits).
export function linkOf(item: Pick<Item, 'threat' | 'subject'>, platform: string): string | null {
    const place = placeOf(item.threat);
    if (place === null) {
        return null;
    }
    if (platform === 'ios') {
        return IOS[place] ?? null;
    }
    if (platform !== 'android') {
        return null;
    }
    const { kind, id } = item.subject;
    if (place === 'apps' && kind === 'app' && id !== null && /^[A-Za-z][\w]*(\.[\w]+)+$/.test(id)) {
        return `intent:${id}#Intent;scheme=package;action=android.settings.APPLICATION_DETAILS_SETTINGS;end`;
    }
    return `intent:#Intent;action=android.settings.${ANDROID[place]};end`;
}
