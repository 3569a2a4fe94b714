// crowdparts.tsx - an opinion of the crowd: why, the profile it stands on, whose voices; and as a panel on other pages.
import type { JSX } from 'preact';
import { get } from '../api/client';
import type { CrowdExplanation, CrowdProfile, CrowdVoiceRow } from '../api/crowdtypes';
import { useResource } from '../app/resource';
import { Weights } from '../charts/weights';
import { Badge } from '../ui/badge';
import { Card, Facts, ResourceView } from '../ui/basics';
import { atLeast, OpinionBadge, whyHref } from '../ui/crowdwords';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { Ago } from '../ui/time';
import { plural, sentence } from '../ui/words';

export function useExplanation(query: Record<string, string | undefined>): ReturnType<typeof useResource<CrowdExplanation>> {
    return useResource<CrowdExplanation>(`crowd why ${JSON.stringify(query)}`,
        (signal) => get<CrowdExplanation>('/crowd/explain', { query, signal }),
        (e) => e.incident?.vector === 'network' || e.incident?.vector === 'malware');
}

export function OpinionBody({ of: x }: { of: CrowdExplanation }): JSX.Element {
    const o = x.opinion;
    if (!x.enough) {
        return (
            <>
                {o?.bad && <p class="trust-line"><OpinionBadge of={o} /></p>}
                <p class="note">Fewer than {plural(x.min_devices, 'device')} know it, or it may be a home, so no more is said of it here: it would be said of them.</p>
            </>
        );
    }
    if (!x.known || !o) {
        return <p class="note">The crowd does not know it: no device told of it in the last weeks.</p>;
    }
    return (
        <>
            <p class="trust-line"><OpinionBadge of={o} /> {sentence(x.summary.replace(/^[a-z ]+: /, ''))}.</p>
            {o.reasons.length > 0 && <Weights reasons={o.reasons} />}
            {o.score !== null && (
                <p class="note">
                    {atLeast(o.devices, x.min_devices)} devices of {atLeast(o.groups, x.min_devices)} independent groups speak against it{o.since_at && <>, the
                    first <Ago at={o.since_at} /></>}; {atLeast(o.clean, x.min_devices)} clean visits since. Score {o.score.toFixed(1)}. Bars to the right speak
                    against it, to the left for it.
                </p>
            )}
        </>
    );
}

const LEVEL_NAME = { point: 'This access point', site: 'The name at this place', network: 'The name everywhere' } as const;

export function ProfileCard({ of: p }: { of: CrowdProfile }): JSX.Element {
    return (
        <Card title={LEVEL_NAME[p.level]} note={<>{p.visits === null ? 'few' : `${p.visits.toLocaleString('en')}+`} visits, last <Ago at={p.last_seen_at} /></>}>
            {p.attributes.length === 0 ? <p class="note">Nothing of it was told.</p> : (
                <Facts rows={p.attributes.map((a) => [sentence(a.name), (
                    <ul class="traits">
                        {a.values.map((v) => (
                            <li key={v.text}>
                                <span class="mono">{v.text}</span>
                                <span class="sub">{Math.round(v.share * 100)} % of visits</span>
                                {v.odd && <Badge tone="high">odd</Badge>}
                            </li>
                        ))}
                    </ul>
                )])} />
            )}
        </Card>
    );
}

const VOICE_COLUMNS: Column<CrowdVoiceRow & { n: number }>[] = [
    { id: 'who', head: 'Voice', kind: 'main', cell: (v) => <span data-main tabIndex={-1}>{`Device ${v.n}`}</span> },
    { id: 'says', head: 'Says', cell: (v) => v.says === 'bad' ? <Badge tone="high">against it</Badge> : <Badge tone="ok">all was well</Badge> },
    { id: 'trust', head: 'Trust', kind: 'number', cell: (v) => `${Math.round(v.trust * 100)} %` },
    { id: 'proof', head: 'Attested', kind: 'side', cell: (v) => v.attested ? 'by hardware' : 'no' },
    { id: 'at', head: 'About', cell: (v) => <Ago at={v.at} /> },
];

export function VoicesCard({ voices }: { voices: CrowdVoiceRow[] }): JSX.Element | null {
    return voices.length === 0 ? null : (
        <Card title="Voices" note="without names" class="flush">
            <Table caption="Voices, the weightiest first" columns={VOICE_COLUMNS} rows={voices.map((v, i) => ({ ...v, n: i + 1 }))}
                keyOf={(v) => String(v.n)} />
        </Card>
    );
}

// "What the crowd says", on the page of a network or an app.
export function CrowdPanel({ query }: { query: Record<string, string | undefined> }): JSX.Element {
    const one = useExplanation(query);
    const x = one.data;
    return (
        <Card title="What the crowd says" action={x?.enough && x.known && <a href={whyHref(x.thing)}>Why</a>}>
            <ResourceView of={one} lines={3}>{(data) => <OpinionBody of={data} />}</ResourceView>
        </Card>
    );
}
