// overviewactions.tsx - what to do next: each step with its list and with what it would bring.
import type { JSX } from 'preact';
import type { Advice } from '../api/types';
import { t, tn } from '../app/words';
import { Badge } from '../ui/badge';
import { Card, Empty } from '../ui/basics';
import { Icon } from '../ui/icon';
import { hasWords, said, wordsOf } from '../ui/names';

// The server names a console address; anything else is no link.
export function localLink(link: string): string {
    return link.startsWith('#/') ? link : link.startsWith('/#/') ? link.slice(1)
        : link.startsWith('/') && !link.startsWith('//') ? `#${link}` : '#/';
}

// In the console's language where it has words for the step; the server's sentence is English.
function words(a: Advice): { text: string; todo: string } {
    if (a.id === 'silent') {
        return {
            text: tn('{n} device said nothing for more than 7 days', '{n} devices said nothing for more than 7 days', a.devices),
            todo: t('Ask their owners, or revoke what is gone.'),
        };
    }
    if (a.id === 'never') {
        return {
            text: tn('{n} device enrolled and never reported', '{n} devices enrolled and never reported', a.devices),
            todo: t('Check the agent there, or revoke them.'),
        };
    }
    if (!hasWords(a.id)) {
        return { text: said(a.text, '', a.id), todo: said(a.do, '', a.id) };
    }
    const { title, next } = wordsOf(a.id, { title: a.text, why: '', next: [a.do] }, '');
    return { text: tn('{n} device: {title}', '{n} devices: {title}', a.devices, { title }), todo: next[0] ?? '' };
}

export function ActionsCard({ actions }: { actions: Advice[] }): JSX.Element {
    return (
        <Card title={t('What to do next')} note={actions.length > 0 && t('the most useful first; points are what the score would gain')}>
            {actions.length === 0 ? (
                <Empty icon="check" title={t('Nothing to do')}><p>{t('All devices are heard of, and none has an open finding.')}</p></Empty>
            ) : (
                <ol class="rows actions-list">
                    {actions.map((a) => ({ ...a, ...words(a) })).map((a) => (
                        <li key={a.id}>
                            <span class={`edge area-of-${a.severity}`} aria-hidden="true" />
                            <span class="grow">
                                <a href={localLink(a.link)}>{a.text}</a>
                                {a.todo && <span class="sub">{a.todo}</span>}
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
