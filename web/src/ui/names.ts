// names.ts - subjects in sentences. The server knows a network only as "net-" and 16 hex digits, a
// keyed hash of its name: the name itself never leaves the device. Here it becomes "network 01234567".
import { t } from '../app/words';

const NETWORK = /"?\bnet-([0-9a-f]{8})[0-9a-f]{8}\b"?/g;
const HOLE = /["“„«]?\s?\{subject\}\s?["”“»]?/g; // of a text in any language

export const isHidden = (subject: string): boolean => /^net-[0-9a-f]{16}$/.test(subject);

const short = (text: string): string => text.replace(NETWORK, 'network $1'); // not for people: the server's sentences are English

const isOfApp = (threat: string): boolean => /^(malware|vulnerability\.(app|library))/.test(threat);
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export function subjectName(subject: string): string {
    return isHidden(subject) ? t('Network {id}', { id: subject.slice(4, 12) }) : short(subject);
}

// A text of the catalogue as a sentence, with what it is about put in.
export function said(text: string, subject = '', threat = 'network.'): string {
    const filled = subject === ''
        ? text.replace(/"?\{subject\}"?/g, isOfApp(threat) ? 'this app' : 'this network') // not for people: as above
        : text.replaceAll('{subject}', () => subject);
    const out = short(filled);
    return out === text ? out : capital(out);
}

// What the catalogue says of a threat in the console's language, for people.
export interface ThreatWords {
    id: string;
    title: string;
    why: string;
    next: string[];
}
const catalogue = new Map<string, ThreatWords>();

// Of other languages than English, in which everything else comes.
export const learnWords = (threats: ThreatWords[]): void => threats.forEach((one) => void catalogue.set(one.id, one));

// Whether titleOf() and wordsOf() have words of their own.
export const hasWords = (threat: string): boolean => catalogue.has(threat);

function put(text: string, subject: string, threat: string): string {
    const around = (hole: string, name: string): string => `${/^\s/.test(hole) ? ' ' : ''}${name}${/\s$/.test(hole) ? ' ' : ''}`;
    if (subject !== '' && !isHidden(subject)) {
        return text.replaceAll('{subject}', () => subject);
    }
    const name = isHidden(subject) ? t('network {id}', { id: subject.slice(4, 12) }) : isOfApp(threat) ? t('this app') : t('this network');
    return capital(text.replace(HOLE, (hole) => around(hole, name)));
}

// In the console's language, else as the server has them.
export function wordsOf(threat: string, texts: { title: string; why: string; next: string[] }, subject: string): { title: string; why: string; next: string[] } {
    const own = catalogue.get(threat);
    const say = (text: string): string => (own ? put(text, subject, threat) : said(text, subject, threat));
    const { title, why, next } = own ?? texts;
    return { title: say(title), why: say(why), next: next.map(say) };
}

export function titleOf(of: { threat: string; title: string; subject?: string }): string {
    const own = catalogue.get(of.threat);
    return own ? put(own.title, of.subject ?? '', of.threat) : said(of.title, of.subject ?? '', of.threat);
}
