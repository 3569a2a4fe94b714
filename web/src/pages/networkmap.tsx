// networkmap.tsx - where networks are: a map of coarse cells, and the same as a list that the keyboard reaches.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { get } from '../api/client';
import type { NetworkCell, NetworkMap } from '../api/nettypes';
import { networksHref } from '../app/address';
import { useResource } from '../app/resource';
import { go } from '../app/router';
import { number, t, tn } from '../app/words';
import type { MapCell } from '../charts/cellmap';
import { CellMap, useLand } from '../charts/cellmap';
import { placeText } from '../charts/geo';
import { SeverityBadge, Badge } from '../ui/badge';
import { Card, Empty, PageHead, ResourceView } from '../ui/basics';
import { Segments } from '../ui/filterbar';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { Homes, isNetworkNews, NetworkTabs } from './networks';

const ROWS_MAX = 200;

const COLUMNS = (mark: (place: string | null) => void): Column<NetworkCell>[] => [
    {
        id: 'place', head: t('Cell'), kind: 'main',
        cell: (c) => (
            <>
                <a href={networksHref(`place:${c.place}`)} data-main onFocus={() => mark(c.place)} onBlur={() => mark(null)}
                    onMouseEnter={() => mark(c.place)} onMouseLeave={() => mark(null)}>{placeText(c)}</a>
                <span class="sub"><span class="mono">{c.place}</span> · {tn('{n} network', '{n} networks', c.networks)}</span>
            </>
        ),
    },
    { id: 'verdict', head: t('Worst'), cell: (c) => c.severity ? <SeverityBadge of={c.severity} /> : <Badge tone="ok">{t('Nothing open')}</Badge> },
];

const toCell = (c: NetworkCell): MapCell => ({
    ...c, size: c.networks, tone: c.severity ?? 'ok', title: tn('{place}: {n} networks, {bad} with an open incident', '{place}: {n} networks, {bad} with an open incident', c.networks,
        { place: c.place, bad: number(c.bad) }),
});

function Body({ map }: { map: NetworkMap }): JSX.Element {
    const [world, setWorld] = useState(false);
    const [marked, setMarked] = useState<string | null>(null);
    const land = useLand();
    if (map.cells.length === 0) {
        return (
            <Empty icon="network" title={t('No network has a place yet')}>
                <p>{t('A device tells its place only as a square of about 5 km, and only where its settings allow it.')}</p>
            </Empty>
        );
    }
    const shown = map.cells.slice(0, ROWS_MAX);
    return (
        <div class="columns map-columns">
            <div class="column-main">
                <Card title={t('Map')} note={tn('{n} cell of about 5 km', '{n} cells of about 5 km', map.cells.length)}
                    action={<Segments label={t('Part of the world')} value={world ? 'world' : 'fit'} onChange={(id) => setWorld(id === 'world')}
                        options={[{ id: 'fit', name: t('Where they are') }, { id: 'world', name: t('World') }]} />}>
                    <CellMap cells={map.cells.map(toCell)} what={t('cells with networks')} world={world} land={land} marked={marked} onPick={(place) => go(networksHref(`place:${place}`))} />
                    {map.networks > map.placed && <p class="note">{tn('{n} network without a place is not on it.',
                        '{n} networks without a place are not on it.', map.networks - map.placed)}</p>}
                </Card>
            </div>
            <div class="column-side">
                <Card title={t('Cells')} note={map.cells.length > ROWS_MAX ? t('the first {n}', { n: ROWS_MAX }) : undefined} class="flush">
                    <Table caption={t('Cells, the worst first')} columns={COLUMNS(setMarked)} rows={shown} keyOf={(c) => c.place} />
                </Card>
            </div>
        </div>
    );
}

export function NetworkMapPage(): JSX.Element {
    const one = useResource<NetworkMap>('networks-map-page', (signal) => get<NetworkMap>('/networks/map', { signal }), isNetworkNews);
    return (
        <>
            <PageHead title={t('Networks')} note={one.data && tn('{n} network', '{n} networks', one.data.networks)} />
            <NetworkTabs now={'map'} />
            <ResourceView of={one} lines={8}>{(map) => <Body map={map} />}</ResourceView>
            <Homes of={one.data} />
        </>
    );
}
