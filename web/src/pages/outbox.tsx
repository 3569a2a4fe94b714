// outbox.tsx - where incidents are passed on to, and whether they arrive there.
import type { JSX } from 'preact';
import type { OutboxTarget } from '../api/types';
import { Badge } from '../ui/badge';
import { Ago } from '../ui/time';

export function OutboxRows({ targets }: { targets: OutboxTarget[] }): JSX.Element {
    if (targets.length === 0) {
        return (
            <p class="note">No SIEM or other target is set. Name one in the server's configuration to pass
                incidents on as they happen.</p>
        );
    }
    return (
        <ul class="rows">
            {targets.map((t) => (
                <li key={`${t.kind} ${t.target}`}>
                    <span>
                        <span class="breakable">{t.target}</span>
                        <span class="sub">{t.kind} · last delivered <Ago at={t.last_ok_at} /></span>
                        {t.last_error && <span class="sub bad-text breakable">{t.last_error}</span>}
                    </span>
                    <Badge tone={t.last_error ? 'high' : t.pending > 0 ? 'medium' : 'ok'}>
                        {t.pending > 0 ? `${t.pending} waiting` : t.last_error ? 'Failing' : 'Up to date'}
                    </Badge>
                </li>
            ))}
        </ul>
    );
}
