// crowdparts.tsx - an opinion of the crowd: why, the profile it stands on, whose voices; and as a panel on other pages.
import type { JSX } from 'preact';
import { get } from '../api/client';
import type { CrowdExplanation, CrowdProfile, CrowdVoiceRow } from '../api/crowdtypes';
import { useResource } from '../app/resource';
import { number, rich, t, tn } from '../app/words';
import { Weights } from '../charts/weights';
import { Badge } from '../ui/badge';
import { Card, Facts, ResourceView } from '../ui/basics';
import { codeName } from '../ui/codes';
import { atLeast, OpinionBadge, whyHref } from '../ui/crowdwords';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { Ago } from '../ui/time';
import { sentence } from '../ui/words';

export function useExplanation(query: Record<string, string | undefined>): ReturnType<typeof useResource<CrowdExplanation>> {
    return useResource<CrowdExplanation>(`crowd/why ${JSON.stringify(query)}`,
        (signal) => get<CrowdExplanation>('/crowd/explain', { query, signal }),
        (e) => e.incident?.vector === 'network' || e.incident?.vector === 'malware');
}

export function OpinionBody({ of: x }: { of: CrowdExplanation }): JSX.Element {
    const o = x.opinion;
    if (!x.enough) {
        return (
            <>
                {o?.bad && <p class="trust-line"><OpinionBadge of={o} /></p>}
                <p class="note">{t('Fewer than {devices} know it, or it may be a home, so no more is said of it here: it would be said of them.', { devices: tn('{n} device', '{n} devices', x.min_devices) })}</p>
            </>
        );
    }
    if (!x.known || !o) {
        return <p class="note">{t('The crowd does not know it: no device told of it in the last weeks.')}</p>;
    }
    const counts = {
        devices: atLeast(o.devices, x.min_devices), groups: atLeast(o.groups, x.min_devices), clean: atLeast(o.clean, x.min_devices), score: o.score?.toFixed(1) ?? '',
    };
    return (
        <>
            <p class="trust-line"><OpinionBadge of={o} /> {sentence(x.summary.replace(/^[a-z ]+: /, ''))}.</p>
            {o.reasons.length > 0 && <Weights reasons={o.reasons} />}
            {o.score !== null && (
                <p class="note">
                    {o.since_at
                        ? rich('{devices} devices of {groups} independent groups speak against it, the first {when}; {clean} clean visits since. Score {score}. Bars to the right speak against it, to the left for it.',
                            { ...counts, when: <Ago at={o.since_at} /> })
                        : t('{devices} devices of {groups} independent groups speak against it; {clean} clean visits since. Score {score}. Bars to the right speak against it, to the left for it.', counts)}
                </p>
            )}
        </>
    );
}

const LEVEL_NAME = { point: t('This access point'), site: t('The name at this place'), network: t('The name everywhere') } as const;

export function ProfileCard({ of: p }: { of: CrowdProfile }): JSX.Element {
    return (
        <Card title={LEVEL_NAME[p.level]} note={p.visits === null ? rich('few visits, last {when}', { when: <Ago at={p.last_seen_at} /> })
            : rich('{n}+ visits, last {when}', { n: number(p.visits), when: <Ago at={p.last_seen_at} /> })}>
            {p.attributes.length === 0 ? <p class="note">{t('Nothing of it was told.')}</p> : (
                <Facts rows={p.attributes.map((a) => [codeName(a.name), (
                    <ul class="traits">
                        {a.values.map((v) => (
                            <li key={v.text}>
                                <span class="mono">{v.text}</span>
                                <span class="sub">{t('{n} % of visits', { n: Math.round(v.share * 100) })}</span>
                                {v.odd && <Badge tone="high">{t('odd')}</Badge>}
                            </li>
                        ))}
                    </ul>
                )])} />
            )}
        </Card>
    );
}

const VOICE_COLUMNS: Column<CrowdVoiceRow & { n: number }>[] = [
    { id: 'who', head: t('Voice'), kind: 'main', cell: (v) => <span data-main tabIndex={-1}>{t('Device {n}', { n: v.n })}</span> },
    { id: 'says', head: t('Says'), cell: (v) => v.says === 'bad' ? <Badge tone="high">{t('against it')}</Badge> : <Badge tone="ok">{t('all was well')}</Badge> },
    { id: 'trust', head: t('Trust'), kind: 'number', cell: (v) => `${Math.round(v.trust * 100)} %` },
    { id: 'proof', head: t('Attested'), kind: 'side', cell: (v) => v.attested ? t('by hardware') : t('no') },
    { id: 'at', head: t('About'), cell: (v) => <Ago at={v.at} /> },
];

export function VoicesCard({ voices }: { voices: CrowdVoiceRow[] }): JSX.Element | null {
    return voices.length === 0 ? null : (
        <Card title={t('Voices')} note={t('without names')} class="flush">
            <Table caption={t('Voices, the weightiest first')} columns={VOICE_COLUMNS} rows={voices.map((v, i) => ({ ...v, n: i + 1 }))}
                keyOf={(v) => String(v.n)} />
        </Card>
    );
}

// "What the crowd says", on the page of a network or an app.
export function CrowdPanel({ query }: { query: Record<string, string | undefined> }): JSX.Element {
    const one = useExplanation(query);
    const x = one.data;
    return (
        <Card title={t('What the crowd says')} action={x?.enough && x.known && <a href={whyHref(x.thing)}>{t('Why')}</a>}>
            <ResourceView of={one} lines={3}>{(data) => <OpinionBody of={data} />}</ResourceView>
        </Card>
    );
}
