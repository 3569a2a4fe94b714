// moved.tsx - an address that led here once: on to the page that took its place.
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { replace } from '../app/router';
import { t } from '../app/words';

export function Moved({ to }: { to: string }): JSX.Element {
    useEffect(() => replace(to), [to]);
    return <p class="note"><a href={to}>{t('This page has moved.')}</a></p>;
}
