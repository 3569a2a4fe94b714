// network.tsx - the network that the device is on: its light, what was checked, whether others know it.
import { Icon } from './icons';
import { nameOf } from './session';
import type { Network } from './types';
import { t, tn } from './words';

const MARKS = { passed: 'tick', failed: 'cross', open: 'open' } as const;

export function NetworkNow({ network }: { network: Network | null }) {
    if (network === null) {
        return <section class="panel"><h2>{t('network')}</h2><p class="dim">{t('network.none')}</p></section>;
    }
    const name = nameOf(network.id);
    const light = network.zone?.standing ?? 'unknown';
    return (
        <section class="panel">
            <h2>{t('network')}</h2>
            <p class="net-name">{name ?? t('network.this')}</p>
            {name !== null && <p class="dim small">{t('network.private')}</p>}
            <p class={`light ${light}`}><span class="dot" aria-hidden="true" />{t(`light.${light}`)}</p>
            {network.zone !== null && light !== 'unknown' && (
                <p class="dim">{network.zone.attacks > 0 ? tn('zone.attacks', network.zone.attacks) : t('zone.none')}</p>
            )}
            {network.security === 'open' && network.link === 'wifi' &&
                <p class="note warn">{t('network.open')}</p>}
            <ul class="probes">
                {network.checks.map(({ check, state }) => (
                    <li key={check} class={state}>
                        <Icon name={MARKS[state]} /><span>{t(`probe.${check}`)}</span><span class="probe-state">{t(`probe.${state}`)}</span>
                    </li>
                ))}
            </ul>
            <p class="dim">{t(network.known ? 'network.known' : 'network.rare')}</p>
        </section>
    );
}
