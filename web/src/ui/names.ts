// names.ts - subjects in sentences. The server knows a network only as "net-" and 16 hex digits, a
import { t } from '../app/words';
// keyed hash of its name: the name itself never leaves the device. Here it becomes "network 01234567".

const NETWORK = /"?\bnet-([0-9a-f]{8})[0-9a-f]{8}\b"?/g;

export const isHidden = (subject: string): boolean => /^net-[0-9a-f]{16}$/.test(subject);

const short = (text: string): string => text.replace(NETWORK, 'network $1'); // not for people: the server's sentences are English

export function subjectName(subject: string): string {
    return isHidden(subject) ? t('Network {id}', { id: subject.slice(4, 12) }) : short(subject);
}

// A text of the catalogue as a sentence, with what it is about put in.
export function said(text: string, subject = '', threat = 'network.'): string {
    const filled = subject === ''
        ? text.replace(/"?\{subject\}"?/g, /^(malware|vulnerability\.(app|library))/.test(threat) ? 'this app' : 'this network') // not for people: as above
        : text.replaceAll('{subject}', () => subject);
    const out = short(filled);
    return out === text ? out : out.charAt(0).toUpperCase() + out.slice(1);
}
