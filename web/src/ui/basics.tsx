// basics.tsx - the small parts of every page: head, card, empty state, problem, loading lines.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { ApiError } from '../api/client';
import { session } from '../app/session';
import { rich, t } from '../app/words';
import type { IconName } from './icon';
import { Icon } from './icon';

interface HeadProps {
    title: string;
    above?: ComponentChildren;
    note?: ComponentChildren;
    children?: ComponentChildren;
}

export function PageHead({ title, above, note, children }: HeadProps): JSX.Element {
    useEffect(() => {
        const server = session.get()?.server.name;
        document.title = server ? `${title} · ${server}` : `${title} · Picket`;
    }, [title]);
    return (
        <header class="page-head">
            <div class="page-title">
                {above && <div class="above">{above}</div>}
                <h1>{title}</h1>
                {note && <p class="note">{note}</p>}
            </div>
            {children && <div class="actions">{children}</div>}
        </header>
    );
}

interface CardProps {
    title?: string;
    note?: ComponentChildren;
    action?: ComponentChildren;
    class?: string;
    children: ComponentChildren;
}

export function Card(props: CardProps): JSX.Element {
    return (
        <section class={`card ${props.class ?? ''}`} aria-label={props.title}>
            {(props.title || props.action) && (
                <header class="card-head">
                    <h2>{props.title}</h2>
                    {props.note && <span class="note">{props.note}</span>}
                    {props.action && <span class="card-action">{props.action}</span>}
                </header>
            )}
            {props.children}
        </section>
    );
}

interface EmptyProps {
    icon: IconName;
    title: string;
    children?: ComponentChildren;
}

export function Empty({ icon, title, children }: EmptyProps): JSX.Element {
    return (
        <div class="empty">
            <span class="empty-icon"><Icon name={icon} /></span>
            <p class="empty-title">{title}</p>
            {children && <div class="empty-text">{children}</div>}
        </div>
    );
}

export function ProblemBox({ error, retry }: { error: ApiError; retry?: () => void }): JSX.Element {
    const { title, detail, path } = error.problem;
    return (
        <div class="problem" role="alert">
            <Icon name="incident" />
            <div>
                <strong>{title}</strong>
                {detail && detail !== title && <p>{detail}</p>}
                {path && <p>{rich('At {place}', { place: <code>{path}</code> })}</p>}
            </div>
            {retry && <button type="button" class="button small" onClick={retry}>{t('Try again')}</button>}
        </div>
    );
}

export function Loading({ lines = 4 }: { lines?: number }): JSX.Element {
    return (
        <div class="loading" role="status">
            <span class="sr">{t('Loading')}</span>
            {Array.from({ length: lines }, (_, i) => <span key={i} class={`bone bone-${i % 3}`} aria-hidden="true" />)}
        </div>
    );
}

interface ResourceViewProps<T> {
    of: { data: T | undefined; error: ApiError | undefined; reload: () => void };
    lines?: number;
    children: (data: T) => ComponentChildren;
}

// Data when there is some (with the error above it, should a refresh fail), else error or bones.
export function ResourceView<T>({ of, lines, children }: ResourceViewProps<T>): JSX.Element {
    return (
        <>
            {of.error && <ProblemBox error={of.error} retry={of.reload} />}
            {of.data !== undefined ? children(of.data) : !of.error && <Loading lines={lines ?? 6} />}
        </>
    );
}

export function Facts({ rows }: { rows: [string, ComponentChildren][] }): JSX.Element {
    return (
        <dl class="facts">
            {rows.map(([name, value]) => (
                <div key={name}><dt>{name}</dt><dd>{value ?? <span class="muted">{t('unknown')}</span>}</dd></div>
            ))}
        </dl>
    );
}
