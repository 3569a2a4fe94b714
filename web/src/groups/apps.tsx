// apps.tsx - the explorer of apps, one app, one file, and what is set for them.
import '../ui/kit';
import type { JSX } from 'preact';
import type { Route } from '../app/address';
import { AppPage } from '../pages/app';
import { AppsPage } from '../pages/apps';
import { FilePage } from '../pages/appfile';
import { AppSettingsPage } from '../pages/appsettings';

export function page({ path: [, second, third], query }: Route): JSX.Element {
    if (second === undefined) {
        return <AppsPage query={query} />;
    }
    if (second === 'file' && third !== undefined) {
        return <FilePage key={third} id={third} />;
    }
    return second.startsWith('app-') ? <AppPage key={second} id={second} /> : <AppSettingsPage part={second} />;
}
