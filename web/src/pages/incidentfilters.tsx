// incidentfilters.tsx - the controls over the incident list; all of their state is in the address.
import type { JSX } from 'preact';
import type { Filter } from '../api/filter';
import { sameValues, toggled, withValues } from '../api/filter';
import { t } from '../app/words';
import { Chips, Search, Segments, Select } from '../ui/filterbar';
import { useThreats } from '../ui/threats';
import { sentence, SEVERITIES, SEVERITY_NAME, threatName, VECTOR_NAME, VECTORS } from '../ui/words';

const STATE_CHOICES: { id: string; name: string; states: string[] }[] = [
    { id: 'now', name: t('Open'), states: ['open', 'mitigated'] },
    { id: 'resolved', name: t('Resolved'), states: ['resolved'] },
    { id: 'dismissed', name: t('Dismissed'), states: ['dismissed'] },
    { id: 'all', name: t('All'), states: [] },
];

export function IncidentFilters({ filter, onChange }: {
    filter: Filter; onChange: (next: Filter) => void;
}): JSX.Element {
    const catalogue = useThreats();
    const set = (field: string, values: string[]): void => onChange(withValues(filter, field, values));
    const state = STATE_CHOICES.find((c) => sameValues(filter['state'], c.states))?.id ?? '';
    const threat = filter['threat']?.[0] ?? '';
    const ids = new Set([...catalogue.map((one) => one.id), ...(threat ? [threat] : [])]);
    return (
        <div class="filters">
            <Search value={filter['q']?.[0] ?? ''} label={t('Search device, threat, network')}
                onChange={(text) => set('q', text ? [text] : [])} />
            <Segments label={t('State')} value={state} options={STATE_CHOICES}
                onChange={(id) => set('state', STATE_CHOICES.find((c) => c.id === id)?.states ?? [])} />
            <Chips label={t('Severity')} on={filter['severity'] ?? []}
                options={SEVERITIES.map((s) => ({ id: s, name: SEVERITY_NAME[s] }))}
                onToggle={(id) => onChange(toggled(filter, 'severity', id))} />
            <Select label={t('Kind')} value={filter['vector']?.[0] ?? ''}
                options={[{ id: '', name: t('Every kind') }, ...VECTORS.map((v) => ({ id: v, name: VECTOR_NAME[v] }))]}
                onChange={(id) => set('vector', id ? [id] : [])} />
            <Select label={t('Threat')} value={threat}
                options={[{ id: '', name: t('Every threat') },
                    ...[...ids].sort().map((id) => ({ id, name: `${sentence(id.split('.')[0] ?? '')}: ${threatName(id)}` }))]}
                onChange={(id) => set('threat', id ? [id] : [])} />
            {['device', 'subject'].filter((field) => filter[field]).map((field) => (
                <button key={field} type="button" class="chip" aria-pressed="true" onClick={() => set(field, [])}>
                    {field === 'device' ? t('One device only ×') : t('One subject only ×')}
                </button>
            ))}
        </div>
    );
}
