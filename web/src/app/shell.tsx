// shell.tsx - the frame of every page: navigation, live mark, banner, help, notes.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Session } from '../api/types';
import { asApiError } from './resource';
import { useCell } from './cell';
import { Help } from './help';
import { helpOpen } from './keys';
import { onEvents } from './live';
import { LiveMark } from './livemark';
import type { NavPage } from './nav';
import { pageHref, pageOfAddress, PAGES, SECTIONS } from './nav';
import { fetchPage, PageView } from './pages';
import { incidentHref } from './address';
import { route } from './router';
import { signOut } from './session';
import { theme, toggleTheme } from './theme';
import { Boundary } from '../ui/boundary';
import { Icon, Logo } from '../ui/icon';
import { LanguageChoice } from '../ui/languages';
import { titleOf } from '../ui/names';
import { toast, Toasts } from '../ui/toast';
import { ROLE_NAME } from '../ui/words';
import { t } from './words';

function NavLink({ page, at }: { page: NavPage; at: string | undefined }): JSX.Element {
    const early = (): void => void fetchPage(page).catch(() => undefined); // asked again when it is opened
    return (
        <a href={pageHref(page)} aria-current={page.id === at ? 'page' : undefined} onPointerEnter={early} onFocus={early}>
            <Icon name={page.icon} /><span>{page.name}</span>
        </a>
    );
}

function Nav({ at, open }: { at: string | undefined; open: boolean }): JSX.Element {
    return (
        <nav id="menu" class={open ? 'nav open' : 'nav'} aria-label={t('Pages')}>
            {SECTIONS.map((s) => (
                <div key={s.name} class="nav-part" role="group" aria-label={s.name}>
                    <p class="nav-head" aria-hidden="true">{s.name}</p>
                    {s.pages.filter((p) => p.under === undefined).map((p) => <NavLink key={p.id} page={p} at={at} />)}
                </div>
            ))}
            <LanguageChoice />
        </nav>
    );
}

// The foot of a phone: the pages that are opened most, and the menu with all of them.
function Foot({ at, open, toggle }: { at: string | undefined; open: boolean; toggle: () => void }): JSX.Element {
    return (
        <nav class="foot" aria-label={t('Main pages')}>
            {PAGES.filter((p) => p.phone).map((p) => <NavLink key={p.id} page={p} at={open ? undefined : at} />)}
            <button type="button" aria-expanded={open} aria-controls="menu" onClick={toggle}>
                <Icon name={open ? 'cross' : 'menu'} /><span>{t('Menu')}</span>
            </button>
        </nav>
    );
}

function Tools({ session }: { session: Session }): JSX.Element {
    const dark = useCell(theme) === 'dark';
    const role = ROLE_NAME[session.user.role] ?? session.user.role;
    const leave = (): void => {
        signOut().catch((e: unknown) => toast(t('Could not sign out: {why}', { why: asApiError(e).message }), 'critical'));
    };
    return (
        <div class="tools">
            <span class="who" title={t('Signed in as {name}, {role}', { name: session.user.name, role })}>
                <strong>{session.user.name}</strong><span>{role}</span>
            </span>
            <button type="button" class="button ghost square" onClick={toggleTheme}
                aria-label={dark ? t('Use light colours') : t('Use dark colours')} title={t('Light or dark (t)')}>
                <Icon name={dark ? 'sun' : 'moon'} />
            </button>
            <button type="button" class="button ghost square" onClick={() => helpOpen.set(true)}
                aria-label={t('Keyboard help')} title={t('Keyboard help (?)')}>
                <Icon name="help" />
            </button>
            <button type="button" class="button ghost square" onClick={leave} aria-label={t('Sign out')}
                title={t('Sign out')}>
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
                toast(`${incident.device.name}: ${titleOf(incident)}`, 'critical', incidentHref(incident.id));
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
    const [menu, setMenu] = useState(false);
    const page = pageOfAddress(at.path);
    const marked = page?.under ?? page?.id;
    useNews();
    useEffect(() => {
        setMenu(false);
        if (!first.current) {
            main.current?.focus({ preventScroll: true });
            scrollTo(0, 0);
        }
        first.current = false;
    }, [place]);
    useEffect(() => {
        if (!menu) {
            return undefined;
        }
        const leave = (event: KeyboardEvent): void => {
            if (event.key === 'Escape') { // not for people
                setMenu(false);
            }
        };
        addEventListener('keydown', leave);
        return () => removeEventListener('keydown', leave);
    }, [menu]);
    const skip = (event: Event): void => {
        event.preventDefault(); // '#main' would be taken for a page
        main.current?.focus();
    };
    return (
        <div class="shell">
            <a class="skip" href="#main" onClick={skip}>{t('Skip to the content')}</a>
            <header class="side">
                <div class="side-in">
                    <a class="brand" href="#/"><Logo /><span>{t('Picket')}</span></a>
                    <Nav at={marked} open={menu} />
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
                        <strong>{t('Demonstration.')}</strong> {t('These devices, networks and attacks are simulated.')}
                    </p>
                )}
                <main id="main" class="main" ref={main} tabIndex={-1}>
                    <Boundary key={place}><PageView at={at} /></Boundary>
                </main>
            </div>
            <Foot at={marked} open={menu} toggle={() => setMenu((on) => !on)} />
            <Toasts />
            {help && <Help />}
        </div>
    );
}
