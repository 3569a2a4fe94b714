// crowdexchange.tsx - what other organisations' servers tell and are told: hubs, members with their trust, the newest words.
import type { ComponentChildren, JSX } from 'preact';
import { get } from '../api/client';
import type { ExchangeHub, ExchangeMember, ExchangeStatus, ExchangeWord } from '../api/crowdtypes';
import { useResource } from '../app/resource';
import { number, rich, t, tn } from '../app/words';
import { Badge } from '../ui/badge';
import { Card, Empty, Facts, PageHead, ResourceView } from '../ui/basics';
import { codeName } from '../ui/codes';
import { CROWD_KIND_NAME } from '../ui/crowdwords';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { Ago } from '../ui/time';
import { CrowdTabs, isCrowdNews } from './crowd';

const WORDS_SHOWN = 50;
const JOIN = 'picket crowd exchange --help'; // not for people
const INVITE = 'picket crowd exchange invite'; // not for people

interface All {
    status: ExchangeStatus;
    members: ExchangeMember[];
    said: ExchangeWord[];
    heard: ExchangeWord[];
}

async function load(signal: AbortSignal): Promise<All> {
    const [status, members, words] = await Promise.all([
        get<ExchangeStatus>('/crowd/exchange', { signal }),
        get<{ items: ExchangeMember[] }>('/crowd/exchange/members', { signal }),
        get<{ said: ExchangeWord[]; heard: ExchangeWord[] }>('/crowd/exchange/words', { signal }),
    ]);
    return { status, members: members.items, ...words };
}

// Rows without a page of their own: the main cell is text.
const main = (children: ComponentChildren): JSX.Element => <span data-main tabIndex={-1}>{children}</span>;

const HUB_COLUMNS: Column<ExchangeHub>[] = [
    { id: 'name', head: t('Hub'), kind: 'main', cell: (h) => <>{main(h.name)}<span class="sub mono">{h.url || t('a partner: its words came as a file')}</span></> },
    { id: 'state', head: t('State'), cell: (h) => h.error ? <><Badge tone="high">{t('Not reached')}</Badge><span class="sub breakable">{h.error}</span></> : <Badge tone="ok">{t('All well')}</Badge> },
    { id: 'sync', head: t('Last answer'), cell: (h) => <Ago at={h.last_answer_at} /> },
    {
        id: 'told', head: t('Told, heard'), kind: 'number',
        cell: (h) => <>{`${number(h.told)}, ${number(h.heard)}`}{h.waiting > 0 && <span class="sub">{t('{n} waiting', { n: number(h.waiting) })}</span>}</>,
    },
];

const MEMBER_COLUMNS: Column<ExchangeMember>[] = [
    { id: 'name', head: t('Member'), kind: 'main', cell: (m) => <>{main(m.name)}<span class="sub">{m.vouched ? t('vouched for') : t('a newcomer')}</span></> },
    { id: 'trust', head: t('Trust'), kind: 'number', cell: (m) => `${Math.round(m.weight * 100)} %` },
    { id: 'words', head: t('Words'), kind: 'number', cell: (m) => number(m.words) },
    { id: 'record', head: t('Others agreed'), cell: (m) => t('{n} times, not {m}', { n: number(m.confirmed), m: number(m.contradicted) }) },
    { id: 'seen', head: t('Last seen'), kind: 'side', cell: (m) => <Ago at={m.last_seen_at} /> },
];

const VERDICT_TONE = { bad: 'critical', claimed: 'high', clean: 'ok', known: 'info', gone: 'info' } as const;

const WORD_COLUMNS: Column<ExchangeWord & { n: number }>[] = [
    { id: 'thing', head: t('About'), kind: 'main', cell: (w) => <>{main(<span class="mono breakable">{w.thing}</span>)}<span class="sub">{CROWD_KIND_NAME[w.kind]}</span></> },
    { id: 'verdict', head: t('Says'), cell: (w) => <Badge tone={VERDICT_TONE[w.verdict] ?? 'info'}>{codeName(w.verdict)}</Badge> },
    { id: 'devices', head: t('Devices'), kind: 'number', cell: (w) => w.devices === null ? '–' : `${number(w.devices)}+` },
    { id: 'at', head: t('When'), cell: (w) => <Ago at={w.at} /> },
];

function Words({ title, rows, none }: { title: string; rows: ExchangeWord[]; none: string }): JSX.Element {
    return (
        <Card title={title} note={rows.length > WORDS_SHOWN ? t('the first {n}', { n: WORDS_SHOWN }) : undefined} class={rows.length > 0 ? 'flush' : ''}>
            {rows.length === 0 ? <p class="note">{none}</p>
                : <Table caption={title} columns={WORD_COLUMNS} rows={rows.slice(0, WORDS_SHOWN).map((w, n) => ({ ...w, n }))} keyOf={(w) => String(w.n)} />}
        </Card>
    );
}

function Body({ of: a }: { of: All }): JSX.Element {
    const s = a.status;
    if (s.hubs.length === 0 && a.members.length === 0 && !s.hub) {
        return (
            <Empty icon="crowd" title={t('This server takes part in no exchange')}>
                <p>{rich('Servers of several organisations can warn one another: only sums of at least {devices}, blinded and signed. An administrator joins with an invitation: {command}',
                    { devices: tn('{n} device', '{n} devices', s.min_devices), command: <code>{JOIN}</code> })}</p>
            </Empty>
        );
    }
    return (
        <div class="columns">
            <div class="column-main">
                {s.hubs.length > 0 && (
                    <Card title={t('Hubs')} class="flush"><Table caption={t('Hubs that this server speaks with')} columns={HUB_COLUMNS} rows={s.hubs} keyOf={(h) => h.id} /></Card>
                )}
                {(s.hub || a.members.length > 0) && (
                    <Card title={t('Members')} note={tn('{n} member', '{n} members', a.members.length)} class={a.members.length > 0 ? 'flush' : ''}>
                        {a.members.length === 0 ? <p class="note">{rich('Nobody was let in yet: {command} makes an invitation.', { command: <code>{INVITE}</code> })}</p>
                            : <Table caption={t('Members of this hub')} columns={MEMBER_COLUMNS} rows={a.members} keyOf={(m) => m.id} />}
                    </Card>
                )}
                <Words title={t('Heard from others')} rows={a.heard} none={t('Nothing yet.')} />
                <Words title={t('Told to others')} rows={a.said} none={t('Nothing yet: only what at least {devices} stand for leaves this server.', { devices: tn('{n} device', '{n} devices', s.min_devices) })} />
            </div>
            <div class="column-side">
                <Card title={t('This server')}>
                    <Facts rows={[
                        [t('Name'), s.name],
                        [t('Is a hub'), s.hub ? t('yes') : t('no')],
                        [t('Trust in hubs'), `${Math.round(s.trust * 100)} %`],
                        [t('Least number'), tn('{n} device', '{n} devices', s.min_devices)],
                        [t('Signing key'), <span class="mono breakable">{s.id}</span>],
                    ]} />
                </Card>
            </div>
        </div>
    );
}

export function CrowdExchangePage(): JSX.Element {
    const one = useResource<All>('crowd/exchange', load, isCrowdNews);
    return (
        <>
            <PageHead title={t('Crowd')} />
            <CrowdTabs now={'exchange'} />
            <ResourceView of={one} lines={8}>{(all) => <Body of={all} />}</ResourceView>
        </>
    );
}
