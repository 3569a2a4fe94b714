// badge.tsx - severity, state, level and status as small coloured words. Never colour alone.
import type { ComponentChildren, JSX } from 'preact';
import type { DeviceStatus, IncidentState, Level, Severity } from '../api/types';
import { LEVEL_NAME, SEVERITY_NAME, STATE_NAME, STATUS_NAME } from './words';

export type Tone = 'critical' | 'high' | 'medium' | 'low' | 'info' | 'ok';

export function Badge({ tone, children }: { tone: Tone; children: ComponentChildren }): JSX.Element {
    return <span class={`badge tone-${tone}`}>{children}</span>;
}

export function SeverityBadge({ of }: { of: Severity }): JSX.Element {
    return <span class={`badge sev tone-${of}`}><span class="dot" aria-hidden="true" />{SEVERITY_NAME[of] ?? of}</span>;
}

const STATE_TONE: Record<IncidentState, Tone> = {
    open: 'high', mitigated: 'low', resolved: 'ok', dismissed: 'info',
};

export function StateBadge({ of }: { of: IncidentState }): JSX.Element {
    return <Badge tone={STATE_TONE[of] ?? 'info'}>{STATE_NAME[of] ?? of}</Badge>;
}

export const LEVEL_TONE: Record<Level, Tone> = {
    low: 'ok', guarded: 'medium', high: 'high', critical: 'critical',
};

const STATUS_TONE: Record<DeviceStatus, Tone> = {
    active: 'ok', silent: 'medium', never: 'info', revoked: 'critical',
};

export function StatusBadge({ of }: { of: DeviceStatus }): JSX.Element {
    return <Badge tone={STATUS_TONE[of] ?? 'info'}>{STATUS_NAME[of] ?? of}</Badge>;
}

export function RiskBadge({ score, level }: { score: number; level: Level }): JSX.Element {
    return (
        <span class={`risk tone-${LEVEL_TONE[level] ?? 'info'}`}>
            <strong>{Math.round(score)}</strong> {LEVEL_NAME[level] ?? level}
        </span>
    );
}
