// privacy.tsx - what can be known, what was sent, who looked; taking along, erasing, leaving.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { call, exportAll } from './api';
import { HOW } from './door';
import { Icon } from './icons';
import type { Field, Privacy, State } from './types';
import { bytes, date, maybe, moment, t, type Key } from './words';

const NEVER: Key[] = ['never.messages', 'never.files', 'never.sites', 'never.typed', 'never.place'];
const LOOKS = 5; // shown at first
const MONTH = 30;

function List({ icon, tone, name, children }: { icon: string; tone: string; name: string; children: ComponentChildren }) {
    return <section class={`panel list ${tone}`}><h2><Icon name={icon} />{name}</h2><ul class="plain-list">{children}</ul></section>;
}

function Lists({ privacy }: { privacy: Privacy }) {
    const rows = (always: boolean) => privacy.kinds.filter((k) => k.always === always)
        .map(({ kind }) => <li key={kind}>{maybe(`kind.${kind}`) ?? kind}</li>);
    const named = privacy.kinds.some(({ kind, fields }) => kind === 'network' && fields.some((f) => f.field === 'name' && f.leaves === 'never'));
    return (
        <>
            <List icon="lock" tone="ok" name={t('never')}>
                {NEVER.map((key) => <li key={key}>{t(key)}</li>)}
                {named && <li>{t('never.name')}</li>}
            </List>
            <List icon="eye" tone="" name={t('always')}>{rows(true)}</List>
            <List icon="open" tone="" name={t('might')}>{rows(false)}</List>
        </>
    );
}

function Fields({ name, fields }: { name: string; fields: Field[] }) {
    return (
        <>
            <h3>{name}</h3>
            <dl class="fields">
                {fields.map((f) => (
                    <div key={f.field} class={f.leaves}><dt><code>{f.field}</code><span>{t(`leaves.${f.leaves}`)}</span></dt><dd lang="en">{f.help}</dd></div>
                ))}
            </dl>
        </>
    );
}

function Sent({ ledger }: { ledger: Privacy['ledger'] }) {
    const since = new Date(Date.now() - MONTH * 86_400_000).toISOString().slice(0, 10);
    const today = new Date().toISOString().slice(0, 10);
    const month = ledger.days.filter((d) => d.day > since);
    const day = month.filter((d) => d.day === today);
    const sum = (days: typeof month, kind: string) => days.reduce((n, d) => n + (d.by_kind[kind] ?? 0), 0);
    const size = (days: typeof month) => days.reduce((n, d) => n + d.bytes, 0);
    const kinds = [...new Set(month.flatMap((d) => Object.keys(d.by_kind)))].sort((a, b) => sum(month, b) - sum(month, a));
    return (
        <section class="panel">
            <h2>{t('sent')}</h2>
            {kinds.length === 0 ? <p class="dim">{t('sent.none')}</p> : (
                <table>
                    <thead><tr><th scope="col">{t('sent.what')}</th><th scope="col" class="n">{t('sent.today')}</th><th scope="col" class="n">{t('sent.month')}</th></tr></thead>
                    <tbody>
                        {kinds.map((kind) => (
                            <tr key={kind}><th scope="row">{maybe(`kind.${kind}`) ?? kind}</th><td class="n">{sum(day, kind)}</td><td class="n">{sum(month, kind)}</td></tr>
                        ))}
                    </tbody>
                    <tfoot><tr><th scope="row">{t('sent.bytes')}</th><td class="n">{bytes(size(day))}</td><td class="n">{bytes(size(month))}</td></tr></tfoot>
                </table>
            )}
        </section>
    );
}

function Looked({ looked }: { looked: Privacy['ledger']['looked'] }) {
    const [all, setAll] = useState(false);
    const rows = all ? looked : looked.slice(0, LOOKS);
    return (
        <section class="panel">
            <h2>{t('looked')}</h2>
            {looked.length === 0 && <p class="dim">{t('looked.none')}</p>}
            <ul class="looks">
                {rows.map((row) => (
                    <li key={`${row.at}${row.what}${row.who}`}>
                        <span><strong>{row.who === 'device' ? t('looked.you') : row.who}</strong> {maybe(`act.${row.what}`) ?? row.what}</span>
                        <span class="dim">{moment(row.at)}</span>
                    </li>
                ))}
            </ul>
            {!all && looked.length > LOOKS && <button type="button" class="plain" onClick={() => setAll(true)}>{t('looked.more', { n: looked.length })}</button>}
        </section>
    );
}

// What cannot be taken back is asked twice; the way back is where the finger is.
function Twice({ name, lead, yes, run }: { name: string; lead: string; yes: string; run: () => Promise<void> }) {
    const [asked, setAsked] = useState(false);
    const back = useRef<HTMLButtonElement>(null);
    useEffect(() => back.current?.focus(), [asked]);
    return (
        <div class="choice">
            <p class="dim">{lead}</p>
            {asked
                ? (
                    <div class="row">
                        <button type="button" class="button" ref={back} onClick={() => setAsked(false)}>{t('cancel')}</button>
                        <button type="button" class="button danger" onClick={() => void run().finally(() => setAsked(false))}>{yes}</button>
                    </div>
                )
                : <button type="button" class="button" onClick={() => setAsked(true)}>{name}</button>}
        </div>
    );
}

function Choices({ privacy, state, ended, reload }: { privacy: Privacy; state: State; ended: (how: 'left' | 'erased') => void; reload: () => void }) {
    const [busy, setBusy] = useState(false);
    const [failed, setFailed] = useState('');
    const erasure = privacy.ledger.erasure;
    const attempt = async (what: () => Promise<void>) => {
        try {
            setFailed('');
            await what();
        } catch (error) {
            setFailed(t('failed', { why: error instanceof Error ? error.message : '' }));
        }
    };
    if (!privacy.own) {
        return <section class="panel"><h2>{t('mine')}</h2><p>{t('own.no', { how: HOW })}</p></section>;
    }
    const download = () => attempt(async () => {
        setBusy(true);
        try {
            const url = URL.createObjectURL(new Blob([JSON.stringify(await exportAll(), null, 1)], { type: 'application/json' }));
            const a = document.createElement('a');
            a.href = url;
            a.download = `picket-${state.device.name || 'device'}.json`.replace(/[^\w.-]+/g, '-');
            a.click();
            setTimeout(() => URL.revokeObjectURL(url), 10_000);
        } finally {
            setBusy(false);
        }
    });
    const erase = () => attempt(async () => {
        const got = await call<{ state: string }>('POST', '/erase', { confirm: 'erase' });
        if (got.state === 'asked') {
            reload();
        } else {
            ended('erased');
        }
    });
    const leave = () => attempt(async () => {
        await call('POST', '/leave', { confirm: 'leave' });
        ended('left');
    });
    return (
        <section class="panel">
            <h2>{t('mine')}</h2>
            {failed !== '' && <p class="note warn" role="alert">{failed}</p>}
            <div class="choice">
                <p class="dim">{t('export.lead')}</p>
                <button type="button" class="button" aria-disabled={busy} onClick={() => busy || void download()}>{t(busy ? 'export.busy' : 'export')}</button>
            </div>
            {erasure !== null
                ? <p class="note">{t('erase.asked', { date: date(erasure.asked_at) })}</p>
                : <Twice name={t('erase')} lead={t(privacy.erase === 'ask' ? 'erase.ask' : 'erase.alone')} yes={t('erase.yes')} run={erase} />}
            <Twice name={t('leave')} lead={t('leave.lead')} yes={t('leave.yes')} run={leave} />
        </section>
    );
}

export function MyPrivacy({ state, ended }: { state: State; ended: (how: 'left' | 'erased') => void }) {
    const [privacy, setPrivacy] = useState<Privacy | null>(null);
    const [failed, setFailed] = useState('');
    const load = () => {
        call<Privacy>('GET', '/privacy').then(setPrivacy, (error: Error) => setFailed(t('failed', { why: error.message })));
    };
    useEffect(load, []);
    return (
        <>
            <section class="intro">
                <h1>{t('nav.privacy')}</h1>
                <p class="sub">{t('privacy.lead', { organisation: state.organisation || t('privacy.organisation') })}</p>
            </section>
            {failed !== '' && <p class="note warn" role="alert">{failed}</p>}
            {privacy === null ? <p class="loading" role="status">{t('loading')}</p> : (
                <>
                    <Lists privacy={privacy} />
                    <Sent ledger={privacy.ledger} />
                    <Looked looked={privacy.ledger.looked} />
                    <Choices privacy={privacy} state={state} ended={ended} reload={load} />
                    <details class="panel">
                        <summary><h2>{t('fields')}</h2></summary>
                        <Fields name={t('fields.every')} fields={privacy.every} />
                        {privacy.kinds.map(({ kind, fields }) => <Fields key={kind} name={maybe(`kind.${kind}`) ?? kind} fields={fields} />)}
                    </details>
                </>
            )}
        </>
    );
}
