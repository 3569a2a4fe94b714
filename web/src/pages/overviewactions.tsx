// overviewactions.tsx - what to do next: each step with its list and with what it would bring.
import type { JSX } from 'preact';
import type { Advice } from '../api/types';
import { t, tn } from '../app/words';
import { Badge } from '../ui/badge';
import { Card, Empty } from '../ui/basics';
import { Icon } from '../ui/icon';
import { said } from '../ui/names';

// The server names a console address; anything else is no link.
export function localLink(link: string): string {
    return link.startsWith('#/') ? link : link.startsWith('/#/') ? link.slice(1)
        : link.startsWith('/') && !link.startsWith('//') ? `#${link}` : '#/';
}

export function ActionsCard({ actions }: { actions: Advice[] }): JSX.Element {
    return (
        <Card title={t('What to do next')} note={actions.length > 0 && t('the most useful first; points are what the score would gain')}>
            {actions.length === 0 ? (
                <Empty icon="check" title={t('Nothing to do')}><p>{t('All devices are heard of, and none has an open finding.')}</p></Empty>
            ) : (
                <ol class="rows actions-list">
                    {actions.map((a) => (
                        <li key={a.id}>
                            <span class={`edge area-of-${a.severity}`} aria-hidden="true" />
                            <span class="grow">
                                <a href={localLink(a.link)}>{said(a.text, '', a.id)}</a>
                                {a.do && <span class="sub">{said(a.do, '', a.id)}</span>}
                            </span>
                            {a.gain > 0 && <Badge tone="ok">+{tn('{n} point', '{n} points', a.gain)}</Badge>}
                            <Icon name="arrow" />
                        </li>
                    ))}
                </ol>
            )}
        </Card>
    );
}
