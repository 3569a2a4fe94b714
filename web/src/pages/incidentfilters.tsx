// incidentfilters.tsx - the controls over the incident list; all of their state is in the address.
import type { JSX } from 'preact';
import type { Filter } from '../api/filter';
import { sameValues, toggled, withValues } from '../api/filter';
import { Chips, Search, Segments, Select } from '../ui/filterbar';
import { useThreats } from '../ui/threats';
import { sentence, SEVERITIES, threatName, VECTOR_NAME, VECTORS } from '../ui/words';

const STATE_CHOICES: { id: string; name: string; states: string[] }[] = [
    { id: 'now', name: 'Open', states: ['open', 'mitigated'] },
    { id: 'resolved', name: 'Resolved', states: ['resolved'] },
    { id: 'dismissed', name: 'Dismissed', states: ['dismissed'] },
    { id: 'all', name: 'All', states: [] },
];

export function IncidentFilters({ filter, onChange }: {
    filter: Filter; onChange: (next: Filter) => void;
}): JSX.Element {
    const catalogue = useThreats();
    const set = (field: string, values: string[]): void => onChange(withValues(filter, field, values));
    const state = STATE_CHOICES.find((c) => sameValues(filter['state'], c.states))?.id ?? '';
    const threat = filter['threat']?.[0] ?? '';
    const ids = new Set([...catalogue.map((t) => t.id), ...(threat ? [threat] : [])]);
    return (
        <div class="filters">
            <Search value={filter['q']?.[0] ?? ''} label="Search device, threat, network"
                onChange={(text) => set('q', text ? [text] : [])} />
            <Segments label="State" value={state} options={STATE_CHOICES}
                onChange={(id) => set('state', STATE_CHOICES.find((c) => c.id === id)?.states ?? [])} />
            <Chips label="Severity" on={filter['severity'] ?? []}
                options={SEVERITIES.map((s) => ({ id: s, name: sentence(s) }))}
                onToggle={(id) => onChange(toggled(filter, 'severity', id))} />
            <Select label="Kind" value={filter['vector']?.[0] ?? ''}
                options={[{ id: '', name: 'Every kind' }, ...VECTORS.map((v) => ({ id: v, name: VECTOR_NAME[v] }))]}
                onChange={(id) => set('vector', id ? [id] : [])} />
            <Select label="Threat" value={threat}
                options={[{ id: '', name: 'Every threat' },
                    ...[...ids].sort().map((id) => ({ id, name: `${sentence(id.split('.')[0] ?? '')}: ${threatName(id)}` }))]}
                onChange={(id) => set('threat', id ? [id] : [])} />
            {['device', 'subject'].filter((field) => filter[field]).map((field) => (
                <button key={field} type="button" class="chip" aria-pressed="true" onClick={() => set(field, [])}>
                    One {field} only ×
                </button>
            ))}
        </div>
    );
}
