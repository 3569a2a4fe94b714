// crowdmap.tsx - where devices join networks and where they are attacked, by coarse cells; the same as a list.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { get } from '../api/client';
import type { CrowdCell, CrowdMap } from '../api/crowdtypes';
import { href, networksHref } from '../app/address';
import { useResource } from '../app/resource';
import { go } from '../app/router';
import { number, t, tn } from '../app/words';
import type { MapCell } from '../charts/cellmap';
import { CellMap, useLand } from '../charts/cellmap';
import { placeText } from '../charts/geo';
import { Badge } from '../ui/badge';
import { Card, Empty, PageHead, ResourceView } from '../ui/basics';
import { Segments } from '../ui/filterbar';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { CrowdTabs, isCrowdNews } from './crowd';

const ROWS_MAX = 200;

const share = (c: CrowdCell): number => c.bad / Math.max(c.joins, c.bad, 1);
const tone = (c: CrowdCell): MapCell['tone'] => c.bad < 0.5 ? 'ok' : share(c) < 0.02 ? 'low' : share(c) < 0.1 ? 'medium' : share(c) < 0.3 ? 'high' : 'critical';
const round = (n: number): number => Math.round(n * 10) / 10;
const say = (c: CrowdCell): string => t('{n} attacks on {joins} joins', { n: number(round(c.bad)), joins: number(round(c.joins)) });

const toCell = (c: CrowdCell): MapCell => ({ ...c, size: c.joins, tone: tone(c), title: `${c.place}: ${say(c)}` });

const COLUMNS = (mark: (place: string | null) => void): Column<CrowdCell>[] => [
    {
        id: 'place', head: t('Cell'), kind: 'main',
        cell: (c) => (
            <>
                <a href={networksHref(`place:${c.place}`)} data-main onFocus={() => mark(c.place)} onBlur={() => mark(null)}
                    onMouseEnter={() => mark(c.place)} onMouseLeave={() => mark(null)}>{placeText(c)}</a>
                <span class="sub"><span class="mono">{c.place}</span> {c.devices !== null && <> · {t('{n}+ devices', { n: number(c.devices) })}</>}</span>
            </>
        ),
    },
    {
        id: 'bad', head: t('Attacked'),
        cell: (c) => <><Badge tone={tone(c)}>{Math.round(share(c) * 100)} %</Badge><span class="sub">{t('{n} of {joins} joins', { n: number(round(c.bad)), joins: number(round(c.joins)) })}</span></>,
    },
];

function Body({ map }: { map: CrowdMap }): JSX.Element {
    const [world, setWorld] = useState(false);
    const [marked, setMarked] = useState<string | null>(null);
    const land = useLand();
    if (map.cells.length === 0) {
        return (
            <Empty icon="crowd" title={t('No place is known well enough yet')}>
                <p>{t('A place is shown when at least {devices} joined networks there, and only as a square of 5 or 40 km.', { devices: tn('{n} device', '{n} devices', map.min_devices) })}</p>
            </Empty>
        );
    }
    const cells = [...map.cells].sort((a, b) => b.bad - a.bad || b.joins - a.joins);
    return (
        <div class="columns map-columns">
            <div class="column-main">
                <Card title={t('Map')} note={tn('{n} cell of about 5 km, or 40 where fewer devices were', '{n} cells of about 5 km, or 40 where fewer devices were', cells.length)}
                    action={<Segments label={t('Part of the world')} value={world ? 'world' : 'fit'} onChange={(id) => setWorld(id === 'world')}
                        options={[{ id: 'fit', name: t('Where they are') }, { id: 'world', name: t('World') }]} />}>
                    <CellMap cells={cells.map(toCell)} what={t('cells with joins and attacks')} world={world} land={land} marked={marked}
                        onPick={(place) => go(networksHref(`place:${place}`))} />
                    <p class="note">{t('Joins and attacks, weighed by trust, halve every 14 days.')}</p>
                </Card>
            </div>
            <div class="column-side">
                <Card title={t('Cells')} note={cells.length > ROWS_MAX ? t('the first {n}', { n: ROWS_MAX }) : undefined} class="flush">
                    <Table caption={t('Cells, the most attacked first')} columns={COLUMNS(setMarked)} rows={cells.slice(0, ROWS_MAX)} keyOf={(c) => c.place} />
                </Card>
            </div>
        </div>
    );
}

export function CrowdMapPage(): JSX.Element {
    const one = useResource<CrowdMap>('crowd/map', (signal) => get<CrowdMap>('/crowd/map', { signal }), isCrowdNews);
    const hidden = one.data?.hidden ?? 0;
    return (
        <>
            <PageHead title={t('Crowd')} note={one.data && tn('{n} cell', '{n} cells', one.data.cells.length)} />
            <CrowdTabs now={'map'} />
            <ResourceView of={one} lines={8}>{(map) => <Body map={map} />}</ResourceView>
            {one.data && hidden > 0 && <p class="note homes">{tn('{n} more cell is only counted: fewer than {devices} were there.',
                '{n} more cells are only counted: fewer than {devices} were there.', hidden, { devices: tn('{n} device', '{n} devices', one.data.min_devices) })} <a href={href(['networks', 'map'])}>{t('Networks on the map')}</a></p>}
        </>
    );
}
