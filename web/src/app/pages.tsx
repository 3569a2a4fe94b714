// pages.tsx - shows the page that an address means; loads its code first when it is not there yet.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api/client';
import { Empty, Loading, PageHead, ProblemBox } from '../ui/basics';
import type { Route } from './address';
import type { NavPage, PageGroup } from './nav';
import { pageOfAddress } from './nav';
import { t } from './words';

const loaded = new Map<string, PageGroup>();

// Also called when a pointer or the focus is on a link to the page: it opens at once then.
export async function fetchPage(page: NavPage): Promise<void> {
    if (!loaded.has(page.id)) {
        loaded.set(page.id, await page.load());
    }
}

// The files of a page change with a new version of the server: only a fresh index.html names them.
const MISSING = new ApiError({
    type: 'urn:picket:error:console',
    title: t('This page could not be loaded'),
    status: 0,
    detail: t('The server does not answer, or it was updated. Load the console again.'),
});

function NotFound(): JSX.Element {
    return (
        <>
            <PageHead title={t('Nothing here')} />
            <Empty icon="search" title={t('This address is not a page of the console')}>
                <p><a href="#/">{t('Go to the overview')}</a></p>
            </Empty>
        </>
    );
}

export function PageView({ at }: { at: Route }): JSX.Element {
    const page = pageOfAddress(at.path);
    const [, loadedOne] = useState(0);
    const [failed, setFailed] = useState<string | null>(null);
    const group = page && loaded.get(page.id);
    useEffect(() => {
        let here = true;
        if (page && !group) {
            fetchPage(page).then(() => here && loadedOne((n) => n + 1), () => here && setFailed(page.id));
        }
        return () => {
            here = false;
        };
    }, [page, group]);
    if (!page) {
        return <NotFound />;
    }
    if (group) {
        return group.page(at);
    }
    return (
        <>
            <PageHead title={page.name} />
            {failed === page.id ? <ProblemBox error={MISSING} retry={() => location.reload()} /> : <Loading lines={8} />}
        </>
    );
}
