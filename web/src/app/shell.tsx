// shell.tsx - the frame of every page: navigation, live mark, banner, help, notes.
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Session } from '../api/types';
import { asApiError } from './resource';
import { useCell } from './cell';
import { Help } from './help';
import { helpOpen } from './keys';
import { onEvents } from './live';
import { LiveMark } from './livemark';
import { pageOf } from './pages';
import { incidentHref, incidentsHref } from './address';
import { route } from './router';
import { signOut } from './session';
import { theme, toggleTheme } from './theme';
import { Boundary } from '../ui/boundary';
import type { IconName } from '../ui/icon';
import { Icon, Logo } from '../ui/icon';
import { said } from '../ui/names';
import { toast, Toasts } from '../ui/toast';

const NAV: { id: string; name: string; icon: IconName; to: string }[] = [
    { id: '', name: 'Overview', icon: 'overview', to: '#/' },
    { id: 'incidents', name: 'Incidents', icon: 'incident', to: incidentsHref('state:open|mitigated') },
    { id: 'devices', name: 'Devices', icon: 'device', to: '#/devices' },
    { id: 'apps', name: 'Apps', icon: 'app', to: '#/apps' },
    { id: 'networks', name: 'Networks', icon: 'network', to: '#/networks' },
    { id: 'crowd', name: 'Crowd', icon: 'crowd', to: '#/crowd' },
    { id: 'enrolment', name: 'Enrolment', icon: 'enrol', to: '#/enrolment' },
    { id: 'events', name: 'Events', icon: 'events', to: '#/events' },
    { id: 'system', name: 'System', icon: 'system', to: '#/system' },
];

function Nav({ at }: { at: string }): JSX.Element {
    return (
        <nav class="nav" aria-label="Pages">
            {NAV.map((n) => (
                <a key={n.id} href={n.to} aria-current={n.id === at ? 'page' : undefined}>
                    <Icon name={n.icon} /><span>{n.name}</span>
                </a>
            ))}
        </nav>
    );
}

function Tools({ session }: { session: Session }): JSX.Element {
    const dark = useCell(theme) === 'dark';
    const leave = (): void => {
        signOut().catch((e: unknown) => toast(`Could not sign out: ${asApiError(e).message}`, 'critical'));
    };
    return (
        <div class="tools">
            <span class="who" title={`Signed in as ${session.user.name}, ${session.user.role}`}>
                <strong>{session.user.name}</strong><span>{session.user.role}</span>
            </span>
            <button type="button" class="button ghost square" onClick={toggleTheme}
                aria-label={dark ? 'Use light colours' : 'Use dark colours'} title="Light or dark (t)">
                <Icon name={dark ? 'sun' : 'moon'} />
            </button>
            <button type="button" class="button ghost square" onClick={() => helpOpen.set(true)}
                aria-label="Keyboard help" title="Keyboard help (?)">
                <Icon name="help" />
            </button>
            <button type="button" class="button ghost square" onClick={leave} aria-label="Sign out"
                title="Sign out">
                <Icon name="exit" />
            </button>
        </div>
    );
}

// Tells of new grave incidents, wherever in the console the person is.
function useNews(): void {
    useEffect(() => onEvents((events) => {
        for (const { type, incident } of events) {
            if (type === 'incident.opened' && incident &&
                (incident.severity === 'high' || incident.severity === 'critical')) {
                toast(`${incident.device.name}: ${said(incident.title, incident.subject)}`, 'critical', incidentHref(incident.id));
            }
        }
    }), []);
}

export function Shell({ session }: { session: Session }): JSX.Element {
    const at = useCell(route);
    const help = useCell(helpOpen);
    const main = useRef<HTMLElement>(null);
    const place = at.path.join('/');
    const first = useRef(true);
    useNews();
    useEffect(() => {
        if (!first.current) {
            main.current?.focus({ preventScroll: true });
            scrollTo(0, 0);
        }
        first.current = false;
    }, [place]);
    const skip = (event: Event): void => {
        event.preventDefault(); // '#main' would be taken for a page
        main.current?.focus();
    };
    return (
        <div class="shell">
            <a class="skip" href="#main" onClick={skip}>Skip to the content</a>
            <header class="side">
                <div class="side-in">
                    <a class="brand" href="#/"><Logo /><span>Picket</span></a>
                    <Nav at={at.path[0] ?? ''} />
                    <div class="side-end">
                        <LiveMark />
                        <Tools session={session} />
                        <p class="version">{session.server.name} · {session.server.version}</p>
                    </div>
                </div>
            </header>
            <div class="page">
                {session.server.demo && (
                    <p class="demo" role="note">
                        <strong>Demonstration.</strong> These devices, networks and attacks are simulated.
                    </p>
                )}
                <main id="main" class="main" ref={main} tabIndex={-1}>
                    <Boundary key={place}>{pageOf(at)}</Boundary>
                </main>
            </div>
            <Toasts />
            {help && <Help />}
        </div>
    );
}
