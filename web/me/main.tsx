// main.tsx - the page of the person who carries a device: opens by a link that works once, then shows what is now, and what is
// known. State lives here; the parts only draw.
import { render } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { Refused, call, readItem, readLink } from './api';
import { Door, Done } from './door';
import { Icon } from './icons';
import './me.css';
import { Now, isAsking } from './now';
import { MyPrivacy } from './privacy';
import { keepName, leaveQuietly } from './session';
import type { State } from './types';
import { LANGUAGES, isLanguage, language, moment, preferred, speak, t, type Language } from './words';

const QUIET_MS = 30_000;
const BUSY_MS = 1_000;

export type View = 'now' | 'privacy';
export type Ended = 'left' | 'erased';
type Stage = { at: 'opening' } | { at: 'door'; why: 'none' | 'wrong' | 'wait' } | { at: 'open' } | { at: 'ended'; how: Ended };

const viewOf = (): View => (location.hash === '#privacy' ? 'privacy' : 'now');

function Page({ wanted }: { wanted: string | null }) {
    const [state, setState] = useState<State | null>(null);
    const [view, setView] = useState<View>(viewOf);
    const [offline, setOffline] = useState(false);
    const [stage, setStage] = useState<Stage>({ at: 'open' });
    const [, redraw] = useState(0);
    const chosen = useRef(false); // a language, on this page
    const heading = useRef<HTMLElement>(null);

    const load = useCallback(async () => {
        try {
            const fresh = await call<State>('GET', `/state?lang=${language()}`);
            if (!chosen.current && fresh.language !== language() && isLanguage(fresh.language)) {
                await speak(fresh.language);
                setState(await call<State>('GET', `/state?lang=${language()}`));
            } else {
                setState(fresh);
            }
            setOffline(false);
        } catch (error) {
            if (error instanceof Refused && error.status === 401) {
                setStage({ at: 'door', why: 'none' });
            } else {
                setOffline(true);
            }
        }
    }, []);

    useEffect(() => {
        void load();
        const shown = () => {
            if (!document.hidden) {
                void load();
            }
        };
        const moved = () => {
            if (readLink(location.hash) !== null || readItem(location.hash) !== null) { // a new link, in the tab that has the page open
                location.reload();
                return;
            }
            setView(viewOf());
            scrollTo(0, 0);
            heading.current?.focus();
        };
        document.addEventListener('visibilitychange', shown);
        addEventListener('hashchange', moved);
        return () => {
            document.removeEventListener('visibilitychange', shown);
            removeEventListener('hashchange', moved);
        };
    }, [load]);

    const asking = state !== null && isAsking(state);
    useEffect(() => {
        const timer = setInterval(() => {
            if (!document.hidden) {
                void load();
            }
        }, asking || offline ? BUSY_MS : QUIET_MS);
        return () => clearInterval(timer);
    }, [asking, offline, load]);

    const speakNow = async (wish: Language) => {
        chosen.current = true;
        await speak(wish);
        redraw((n) => n + 1);
        try {
            await call('PUT', '/language', { language: wish });
        } catch { /* it holds for this visit */ }
        await load();
    };

    document.title = state !== null && state.to_fix > 0 ? `(${state.to_fix}) ${t('title')}` : t('title');
    if (stage.at === 'door') {
        return <Door why={stage.why} item={wanted} />;
    }
    if (stage.at === 'ended') {
        return <Done how={stage.how} />;
    }
    return (
        <>
            <a class="skip" href="#main" onClick={(e) => { e.preventDefault(); heading.current?.focus(); }}>{t('skip')}</a>
            <header class="top">
                <img src="/favicon.svg" alt="" width="32" height="32" />
                <span class="who">{state?.organisation !== '' && state?.organisation !== undefined ? state.organisation : t('title')}</span>
                <label class="language">
                    <span class="sr">{t('language')}</span>
                    <select value={language()} onChange={(e) => void speakNow(e.currentTarget.value as Language)}>
                        {Object.entries(LANGUAGES).map(([code, name]) => <option key={code} value={code} lang={code}>{name}</option>)}
                    </select>
                </label>
            </header>
            <main id="main" ref={heading} tabIndex={-1}>
                {offline && <p class="note warn" role="status">{t('offline')}</p>}
                {state === null
                    ? <p class="loading" role="status">{t('loading')}</p>
                    : view === 'now'
                        ? <Now state={state} wanted={wanted} load={load} />
                        : <MyPrivacy state={state} ended={(how) => setStage({ at: 'ended', how })} />}
                {state !== null && (
                    <footer>
                        <p>{t('foot', { device: state.device.name || state.device.model || t('card.device'), date: moment(state.expires_at) })}</p>
                        <button type="button" class="plain" onClick={() => void leaveQuietly()}>{t('close')}</button>
                    </footer>
                )}
            </main>
            <nav class="tabs" aria-label={t('nav')}>
                <a href="#now" aria-current={view === 'now' ? 'page' : undefined}><Icon name="good" />{t('nav.now')}</a>
                <a href="#privacy" aria-current={view === 'privacy' ? 'page' : undefined}><Icon name="lock" />{t('nav.privacy')}</a>
            </nav>
        </>
    );
}

async function start() {
    const root = document.getElementById('page');
    const link = readLink(location.hash);
    const wanted = link?.item ?? readItem(location.hash);
    let door: 'none' | 'wrong' | 'wait' | null = null;
    if (root === null) {
        return;
    }
    await speak(preferred(navigator.languages));
    if (link !== null || wanted !== null) {
        history.replaceState(null, '', '/me'); // the secret is spent: nobody needs to read it
    }
    if (link !== null) {
        try {
            await call('POST', '/session', { token: link.token });
            if (link.net !== null && link.name !== null) {
                keepName(link.net, link.name);
            }
        } catch (error) {
            door = error instanceof Refused && error.status === 429 ? 'wait' : 'wrong';
        }
    }
    root.replaceChildren();
    render(door !== null ? <Door why={door} item={wanted} /> : <Page wanted={wanted} />, root);
}

void start();
