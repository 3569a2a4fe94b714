// now.tsx - the first screen: one word, four cards, what to fix, the network, work access, the next days.
import { useEffect, useRef, useState } from 'preact/hooks';
import { call } from './api';
import { Icon } from './icons';
import { Thing, title } from './items';
import { NetworkNow } from './network';
import type { CardName, Item, State } from './types';
import { ago, date, maybe, t, tn } from './words';

const AWAY_MS = 20_000; // without a word from the device
const CHECK_MS = 60_000; // a check on a network where nothing answers
const FRESH_MS = 60_000;
const TONES = { protected: 'ok', fix: 'warn', act: 'bad', silent: 'dim', new: 'dim' } as const;
const SHIELDS = { protected: 'good', fix: 'fix', act: 'act', silent: 'silent', new: 'silent' } as const;
const CARDS: CardName[] = ['device', 'apps', 'network', 'updates'];

function stateWord(state: State): string {
    switch (state.state) {
        case 'fix':
            return tn('state.fix', state.to_fix);
        case 'silent':
            return t('state.silent', { date: state.checked_at !== null ? date(state.checked_at) : '' });
        default:
            return t(`state.${state.state}`);
    }
}

function checkWord({ asked, now }: Pick<State, 'asked' | 'now'>): string {
    const age = asked === null ? Infinity : Date.parse(now) - Date.parse(asked.at);
    if (asked === null || (asked.state === 'done' && age > FRESH_MS)) {
        return '';
    }
    return asked.state === 'done' ? t('check.done')
        : !isAsking({ asked, now }) ? t('check.away')
            : t(asked.state === 'waiting' ? 'check.waiting' : 'check.taken');
}

export function isAsking({ asked, now }: Pick<State, 'asked' | 'now'>): boolean {
    return asked !== null && asked.state !== 'done' && Date.parse(now) - Date.parse(asked.at) <= (asked.state === 'taken' ? CHECK_MS : AWAY_MS);
}

function Hero({ state, check }: { state: State; check: () => void }) {
    const busy = isAsking(state);
    const said = checkWord(state);
    return (
        <section class={`hero ${TONES[state.state]}`}>
            <span class="shield"><Icon name={SHIELDS[state.state]} /></span>
            <h1>{stateWord(state)}</h1>
            <p class="sub">{t(`sub.${state.state}`)}</p>
            <button type="button" class={`check${busy ? ' busy' : ''}`} aria-disabled={busy} onClick={() => busy || check()}>
                <Icon name="again" />{t('check')}
            </button>
            <p class="when" role="status">{said !== '' ? said : state.checked_at !== null ? t('checked', { time: ago(state.checked_at, Date.parse(state.now)) }) : ''}</p>
        </section>
    );
}

function Cards({ state, show }: { state: State; show: (card: CardName) => void }) {
    return (
        <section aria-label={t('cards')}>
            <ul class="cards">
                {CARDS.map((name) => {
                    const card = state.cards[name];
                    const inside = (
                        <>
                            <Icon name={name} />
                            <span class="card-name">{t(`card.${name}`)}</span>
                            <span class="card-state">{card.state === 'fix' ? tn('card.fix', card.to_fix) : t(card.state === 'good' ? 'card.good' : 'card.unknown')}</span>
                        </>
                    );
                    return (
                        <li key={name}>
                            {card.state === 'fix'
                                ? <button type="button" class="card warn" onClick={() => show(name)}>{inside}</button>
                                : <div class={`card ${card.state === 'good' ? 'ok' : 'dim'}`}>{inside}</div>}
                        </li>
                    );
                })}
            </ul>
        </section>
    );
}

// What is paused, and which thing ends that.
function Access({ state }: { state: State }) {
    const { blocked } = state.access;
    const ends = state.items.filter((item) => item.blocks.some((b) => blocked.includes(b)));
    return (
        <section class={`panel${blocked.length > 0 ? ' stopped' : ''}`}>
            <h2>{t('access')}</h2>
            {blocked.length === 0
                ? <p class="fine"><Icon name="tick" />{t('access.free')}</p>
                : (
                    <>
                        <p>{t('access.blocked', { what: blocked.map((b) => maybe(`measure.${b}`) ?? b).join(', ') })}</p>
                        {ends.map((item) => <p key={item.id}><a href={`#${item.id}`} onClick={(e) => { e.preventDefault(); document.getElementById(item.id)?.focus(); }}>{t('access.ends', { what: title(item) })}</a></p>)}
                        <p class="dim">{t('access.again')}</p>
                    </>
                )}
        </section>
    );
}

function Outlook({ outlook }: { outlook: State['outlook'] }) {
    if (outlook.level === 'unknown') {
        return null;
    }
    return (
        <section class="panel">
            <h2>{t('outlook')}</h2>
            <p class={`level ${outlook.level}`}><Icon name="sun" />{t(`outlook.${outlook.level}`)}</p>
            {outlook.lowers.length > 0 && (
                <>
                    <h3>{t('outlook.lowers')}</h3>
                    <ul class="plain-list">{[...new Set(outlook.lowers)].map((name) => <li key={name}>{maybe(`remedy.${name}`) ?? name}</li>)}</ul>
                </>
            )}
            <p class="dim">{t('outlook.help')}</p>
        </section>
    );
}

export function Now({ state, wanted, load }: { state: State; wanted: string | null; load: () => Promise<void> }) {
    const [failed, setFailed] = useState('');
    const [open, setOpen] = useState<string | null>(wanted);
    const led = useRef(false);
    const waiting = (item: Item) => item.later_until !== null && item.urgency !== 'now';
    const todo = state.items.filter((item) => !waiting(item));
    const later = state.items.filter(waiting);

    const act = async (what: () => Promise<unknown>) => {
        try {
            await what();
            setFailed('');
        } catch (error) {
            setFailed(t('failed', { why: error instanceof Error ? error.message : '' }));
        }
        await load();
    };
    const check = () => void act(() => call('POST', '/check'));
    const show = (card: CardName) => {
        const first = state.items.find((item) => item.card === card);
        if (first !== undefined) {
            setOpen(first.id);
            document.getElementById(first.id)?.focus();
        }
    };

    useEffect(() => {
        if (!led.current && wanted !== null) {
            led.current = true;
            document.getElementById(wanted)?.focus();
        }
    }, [wanted]);

    const things = (list: Item[], first: boolean) => list.map((item, n) => (
        <Thing key={item.id} item={item} platform={state.device.platform} busy={isAsking(state)} act={act} check={check}
            open={open === item.id || (open === null && first && n === 0)} toggle={(on) => setOpen(on ? item.id : '')} />
    ));
    return (
        <>
            <Hero state={state} check={check} />
            {failed !== '' && <p class="note warn" role="alert">{failed}</p>}
            <Cards state={state} show={show} />
            {state.access.blocked.length > 0 && <Access state={state} />}
            {todo.length > 0 && <section><h2>{t('fix')}</h2><ul class="things">{things(todo, true)}</ul></section>}
            {later.length > 0 && <section><h2>{t('later.title')}</h2><ul class="things">{things(later, false)}</ul></section>}
            <NetworkNow network={state.network} />
            {state.access.blocked.length === 0 && <Access state={state} />}
            <Outlook outlook={state.outlook} />
            {state.infos.length > 0 && <section><h2>{t('infos')}</h2><ul class="things">{things(state.infos, false)}</ul></section>}
            {state.solved.length > 0 && (
                <section class="panel">
                    <h2>{t('solved')}</h2>
                    <ul class="solved">
                        {state.solved.map((one) => <li key={one.id}><Icon name="tick" /><span lang={one.texts.language}>{title(one)}</span><span class="dim">{ago(one.at, Date.parse(state.now))}</span></li>)}
                    </ul>
                </section>
            )}
        </>
    );
}
