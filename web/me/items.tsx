// items.tsx - one thing to fix: what, why, at most three steps, one button that leads there; and the careful way to say what may
// put a person in danger.
import { useEffect, useRef, useState } from 'preact/hooks';
import { call } from './api';
import { Icon } from './icons';
import { linkOf, placeOf } from './places';
import { leaveQuietly, nameOf } from './session';
import type { Item, Subject, Texts } from './types';
import { ago, maybe, moment, t } from './words';

const LEFT_MS = 1_500; // a settings page that opens has taken the screen by then

// The server does not know what a network is called: the name came with the link, from the device itself.
function nameFor(subject: Subject): string {
    return subject.kind === 'network' ? nameOf(subject.id) ?? t('subject.network')
        : subject.kind === 'device' ? t('subject.device')
            : subject.id ?? t('subject.unknown');
}

// A name can be an attacker's: one line, no control characters, not too long.
const clean = (name: string) => name.replace(/[\p{Cc}\p{Cf}]/gu, ' ').slice(0, 64);
const fill = (text: string, subject: Subject) => text.replaceAll('{subject}', () => clean(nameFor(subject)));

export const title = (one: { texts: Texts; subject: Subject; careful?: Item['careful'] }) =>
    one.careful !== null && one.careful !== undefined ? one.careful.title : fill(one.texts.title, one.subject);

interface ThingProps {
    item: Item;
    platform: string;
    open: boolean;
    busy: boolean;
    toggle: (on: boolean) => void;
    act: (what: () => Promise<unknown>) => Promise<void>;
    check: () => void;
}

function Steps({ item, platform, busy, check }: Pick<ThingProps, 'item' | 'platform' | 'busy' | 'check'>) {
    const [missed, setMissed] = useState(false);
    const place = placeOf(item.threat);
    const link = linkOf(item, platform);
    const path = place !== null ? maybe(`path.${platform}.${place}`) : null;
    const watch = () => {
        setMissed(false);
        setTimeout(() => setMissed(!document.hidden), LEFT_MS);
    };
    return (
        <>
            <h3>{t('fix.what')}</h3>
            <ol class="steps" lang={item.texts.language}>{item.texts.next.map((step) => <li key={step}><span>{fill(step, item.subject)}</span></li>)}</ol>
            {link !== null && place !== null && <a class="button main" href={link} onClick={watch}>{t(`place.${place}`)}</a>}
            {path !== null && <p class="path">{t('fix.path', { path })}</p>}
            <p role="status" class="missed">{missed ? t('fix.nothing_opened') : ''}</p>
            <button type="button" class={`button ${link === null ? 'main' : ''}`} aria-disabled={busy} onClick={() => busy || check()}>
                <Icon name="again" />{t('fix.done')}
            </button>
        </>
    );
}

function Mistake({ item, act }: Pick<ThingProps, 'item' | 'act'>) {
    const [asking, setAsking] = useState(false);
    const [note, setNote] = useState('');
    const box = useRef<HTMLTextAreaElement>(null);
    useEffect(() => box.current?.focus(), [asking]);
    if (item.mistake_at !== null) {
        return <p class="note">{t('mistake.done')}</p>;
    }
    if (!asking) {
        return <button type="button" class="plain" onClick={() => setAsking(true)}>{t('mistake')}</button>;
    }
    const send = async (event: Event) => {
        event.preventDefault();
        await act(() => call('POST', `/items/${item.id}/mistake`, { note: note.trim() }));
        setAsking(false);
    };
    return (
        <form class="mistake" onSubmit={(e) => void send(e)}>
            <p>{t('mistake.lead')}</p>
            <label>{t('mistake.note')}<textarea ref={box} rows={3} maxLength={400} value={note} onInput={(e) => setNote(e.currentTarget.value)} /></label>
            <div class="row">
                <button type="submit" class="button main">{t('mistake.send')}</button>
                <button type="button" class="button" onClick={() => setAsking(false)}>{t('cancel')}</button>
            </div>
        </form>
    );
}

function Body(props: ThingProps) {
    const { item, act } = props;
    const calm = item.urgency !== 'now' && item.later_until === null && item.severity !== 'info';
    return (
        <>
            <p class="why" lang={item.texts.language}>{fill(item.texts.why, item.subject)}</p>
            {item.sure !== 'confirmed' && <p class="dim">{t(item.sure === 'likely' ? 'fix.likely' : 'fix.possible')}</p>}
            {item.state === 'mitigated' && <p class="fine"><Icon name="tick" />{t('fix.mitigated')}</p>}
            <Steps {...props} />
            <div class="others">
                {calm && <button type="button" class="plain" onClick={() => void act(() => call('POST', `/items/${item.id}/later`, {}))}>{t('later')}</button>}
                {item.later_until !== null && <p class="dim">{t('later.done', { date: moment(item.later_until) })}</p>}
                <Mistake item={item} act={act} />
            </div>
        </>
    );
}

// Help comes before any step, the way out is the first thing in reach, and Escape takes it.
function CarefulThing(props: ThingProps) {
    const { item } = props;
    const careful = item.careful;
    const [shown, setShown] = useState(false);
    const exit = useRef<HTMLButtonElement>(null);
    useEffect(() => {
        const out = (event: KeyboardEvent) => {
            if (event.key === 'Escape') {
                void leaveQuietly();
            }
        };
        exit.current?.focus();
        addEventListener('keydown', out);
        return () => removeEventListener('keydown', out);
    }, []);
    if (careful === null) {
        return null;
    }
    return (
        <div lang={item.texts.language}>
            <button type="button" class="button exit" ref={exit} onClick={() => void leaveQuietly()}>{careful.exit}</button>
            <p>{careful.lead}</p>
            <h3>{careful.help_title}</h3>
            <p>{careful.help}</p>
            <p>{careful.plan}</p>
            {shown
                ? <><h3>{fill(item.texts.title, item.subject)}</h3><Body {...props} /></>
                : <button type="button" class="plain" onClick={() => setShown(true)}>{t('careful.show')}</button>}
        </div>
    );
}

export function Thing(props: ThingProps) {
    const { item, open, toggle } = props;
    const tone = item.urgent ? 'bad' : item.severity === 'info' || item.later_until !== null || item.careful !== null ? 'calm' : 'warn';
    return (
        <li class={`thing ${tone}`}>
            <h3 class="thing-head">
                <button type="button" id={item.id} aria-expanded={open} onClick={() => toggle(!open)}>
                    <Icon name={item.careful !== null ? 'heart' : item.card} />
                    <span class="thing-title" lang={item.texts.language}>{title(item)}</span>
                    {item.urgent && <span class="tag">{t('fix.now')}</span>}
                    <Icon name="down" />
                </button>
            </h3>
            {!open && item.careful !== null && <p class="thing-lead" lang={item.texts.language}>{item.careful.why}</p>}
            {!open && item.careful !== null && <button type="button" class="button inset" onClick={() => toggle(true)}>{t('careful.open')}</button>}
            {open && (
                <div class="thing-body">
                    {item.careful !== null ? <CarefulThing {...props} /> : <Body {...props} />}
                    {item.careful === null && <p class="dim since">{t('fix.since', { time: ago(item.since) })}</p>}
                </div>
            )}
        </li>
    );
}
