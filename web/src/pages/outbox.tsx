// outbox.tsx - where incidents are passed on to, and whether they arrive there.
import type { JSX } from 'preact';
import type { OutboxTarget } from '../api/types';
import { rich, t } from '../app/words';
import { Badge } from '../ui/badge';
import { Ago } from '../ui/time';

export function OutboxRows({ targets }: { targets: OutboxTarget[] }): JSX.Element {
    if (targets.length === 0) {
        return (
            <p class="note">{t("No SIEM or other target is set. Name one in the server's configuration to pass incidents on as they happen.")}</p>
        );
    }
    return (
        <ul class="rows">
            {targets.map((to) => (
                <li key={`${to.kind} ${to.target}`}>
                    <span>
                        <span class="breakable">{to.target}</span>
                        <span class="sub">{rich('{kind} · last delivered {when}', { kind: to.kind, when: <Ago at={to.last_ok_at} /> })}</span>
                        {to.last_error && <span class="sub bad-text breakable">{to.last_error}</span>}
                    </span>
                    <Badge tone={to.last_error ? 'high' : to.pending > 0 ? 'medium' : 'ok'}>
                        {to.pending > 0 ? t('{n} waiting', { n: to.pending }) : to.last_error ? t('Failing') : t('Up to date')}
                    </Badge>
                </li>
            ))}
        </ul>
    );
}
