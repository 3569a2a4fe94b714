// crowdexchange.tsx - what other organisations' servers tell and are told: hubs, members with their trust, the newest words.
import type { ComponentChildren, JSX } from 'preact';
import { get } from '../api/client';
import type { ExchangeHub, ExchangeMember, ExchangeStatus, ExchangeWord } from '../api/crowdtypes';
import { useResource } from '../app/resource';
import { Badge } from '../ui/badge';
import { Card, Empty, Facts, PageHead, ResourceView } from '../ui/basics';
import { CROWD_KIND_NAME } from '../ui/crowdwords';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { Ago } from '../ui/time';
import { plural, sentence } from '../ui/words';
import { CrowdTabs, isCrowdNews } from './crowd';

const WORDS_SHOWN = 50;

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
    { id: 'name', head: 'Hub', kind: 'main', cell: (h) => <>{main(h.name)}<span class="sub mono">{h.url || 'a partner: its words came as a file'}</span></> },
    { id: 'state', head: 'State', cell: (h) => h.error ? <><Badge tone="high">Not reached</Badge><span class="sub breakable">{h.error}</span></> : <Badge tone="ok">All well</Badge> },
    { id: 'sync', head: 'Last answer', cell: (h) => <Ago at={h.last_answer_at} /> },
    {
        id: 'told', head: 'Told, heard', kind: 'number',
        cell: (h) => <>{`${h.told.toLocaleString('en')}, ${h.heard.toLocaleString('en')}`}{h.waiting > 0 && <span class="sub">{h.waiting.toLocaleString('en')} waiting</span>}</>,
    },
];

const MEMBER_COLUMNS: Column<ExchangeMember>[] = [
    { id: 'name', head: 'Member', kind: 'main', cell: (m) => <>{main(m.name)}<span class="sub">{m.vouched ? 'vouched for' : 'a newcomer'}</span></> },
    { id: 'trust', head: 'Trust', kind: 'number', cell: (m) => `${Math.round(m.weight * 100)} %` },
    { id: 'words', head: 'Words', kind: 'number', cell: (m) => m.words.toLocaleString('en') },
    { id: 'record', head: 'Others agreed', cell: (m) => `${m.confirmed.toLocaleString('en')} times, not ${m.contradicted.toLocaleString('en')}` },
    { id: 'seen', head: 'Last seen', kind: 'side', cell: (m) => <Ago at={m.last_seen_at} /> },
];

const VERDICT_TONE = { bad: 'critical', claimed: 'high', clean: 'ok', known: 'info', gone: 'info' } as const;

const WORD_COLUMNS: Column<ExchangeWord & { n: number }>[] = [
    { id: 'thing', head: 'About', kind: 'main', cell: (w) => <>{main(<span class="mono breakable">{w.thing}</span>)}<span class="sub">{CROWD_KIND_NAME[w.kind]}</span></> },
    { id: 'verdict', head: 'Says', cell: (w) => <Badge tone={VERDICT_TONE[w.verdict] ?? 'info'}>{sentence(w.verdict)}</Badge> },
    { id: 'devices', head: 'Devices', kind: 'number', cell: (w) => w.devices === null ? '–' : `${w.devices.toLocaleString('en')}+` },
    { id: 'at', head: 'When', cell: (w) => <Ago at={w.at} /> },
];

function Words({ title, rows, none }: { title: string; rows: ExchangeWord[]; none: string }): JSX.Element {
    return (
        <Card title={title} note={rows.length > WORDS_SHOWN ? `the first ${WORDS_SHOWN}` : undefined} class={rows.length > 0 ? 'flush' : ''}>
            {rows.length === 0 ? <p class="note">{none}</p>
                : <Table caption={title} columns={WORD_COLUMNS} rows={rows.slice(0, WORDS_SHOWN).map((w, n) => ({ ...w, n }))} keyOf={(w) => String(w.n)} />}
        </Card>
    );
}

function Body({ of: a }: { of: All }): JSX.Element {
    const s = a.status;
    if (s.hubs.length === 0 && a.members.length === 0 && !s.hub) {
        return (
            <Empty icon="crowd" title="This server takes part in no exchange">
                <p>Servers of several organisations can warn one another: only sums of at least {plural(s.min_devices, 'device')}, blinded and signed. An
                    administrator joins with an invitation: <code>picket crowd exchange --help</code></p>
            </Empty>
        );
    }
    return (
        <div class="columns">
            <div class="column-main">
                {s.hubs.length > 0 && (
                    <Card title="Hubs" class="flush"><Table caption="Hubs that this server speaks with" columns={HUB_COLUMNS} rows={s.hubs} keyOf={(h) => h.id} /></Card>
                )}
                {(s.hub || a.members.length > 0) && (
                    <Card title="Members" note={plural(a.members.length, 'member')} class={a.members.length > 0 ? 'flush' : ''}>
                        {a.members.length === 0 ? <p class="note">Nobody was let in yet: <code>picket crowd exchange invite</code> makes an invitation.</p>
                            : <Table caption="Members of this hub" columns={MEMBER_COLUMNS} rows={a.members} keyOf={(m) => m.id} />}
                    </Card>
                )}
                <Words title="Heard from others" rows={a.heard} none="Nothing yet." />
                <Words title="Told to others" rows={a.said} none={`Nothing yet: only what at least ${plural(s.min_devices, 'device')} stand for leaves this server.`} />
            </div>
            <div class="column-side">
                <Card title="This server">
                    <Facts rows={[
                        ['Name', s.name],
                        ['Is a hub', s.hub ? 'yes' : 'no'],
                        ['Trust in hubs', `${Math.round(s.trust * 100)} %`],
                        ['Least number', plural(s.min_devices, 'device')],
                        ['Signing key', <span class="mono breakable">{s.id}</span>],
                    ]} />
                </Card>
            </div>
        </div>
    );
}

export function CrowdExchangePage(): JSX.Element {
    const one = useResource<All>('crowd exchange', load, isCrowdNews);
    return (
        <>
            <PageHead title="Crowd" />
            <CrowdTabs now="exchange" />
            <ResourceView of={one} lines={8}>{(all) => <Body of={all} />}</ResourceView>
        </>
    );
}
