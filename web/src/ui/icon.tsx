// icon.tsx - the console's own line icons, drawn on a 20 x 20 grid.
import type { JSX } from 'preact';

const PATHS = {
    overview: 'M3 11l7-7 7 7M5 9.5V16.5h10V9.5',
    incident: 'M10 3l7.5 13.5h-15zM10 8v4M10 14.2v.1',
    device: 'M6 2.5h8a1 1 0 011 1v13a1 1 0 01-1 1H6a1 1 0 01-1-1v-13a1 1 0 011-1zM9 15h2',
    app: 'M3.5 3.5h5v5h-5zM11.5 3.5h5v5h-5zM3.5 11.5h5v5h-5zM14 11.5v5M11.5 14h5',
    upload: 'M10 12V3M6.5 6.5L10 3l3.5 3.5M3.5 16.5h13',
    enrol: 'M3.5 3.5h5v5h-5zM11.5 3.5h5v5h-5zM3.5 11.5h5v5h-5zM11.5 11.5h2v2M16.5 11.5v5h-5v-1',
    events: 'M2.5 10h3l2.5-6 4 12 2.5-6h3',
    system: 'M3 6h7M14 6h3M3 14h3M10 14h7M12 4v4M8 12v4',
    sun: 'M10 6.5a3.5 3.5 0 100 7 3.5 3.5 0 000-7zM10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1.1 1.1M14.6 14.6l1.1 1.1M15.7 4.3l-1.1 1.1M5.4 14.6l-1.1 1.1',
    moon: 'M16.5 12A7 7 0 018 3.5a7 7 0 108.5 8.5z',
    help: 'M7.5 7.5a2.5 2.5 0 113.6 2.2c-.8.4-1.1.9-1.1 1.8M10 14.3v.1M10 2.5a7.5 7.5 0 100 15 7.5 7.5 0 000-15z',
    exit: 'M8 3.5H4.5v13H8M12.5 6.5L16 10l-3.5 3.5M16 10H8',
    copy: 'M7 7h9v9.5H7zM13 7V3.5H4V13h3',
    check: 'M4 10.5l4 4 8-9',
    cross: 'M5 5l10 10M15 5L5 15',
    search: 'M9 3.5a5.5 5.5 0 100 11 5.5 5.5 0 000-11zM13 13l4 4',
    download: 'M10 3v9M6.5 8.5L10 12l3.5-3.5M3.5 16.5h13',
    eye: 'M2 10s3-5.5 8-5.5S18 10 18 10s-3 5.5-8 5.5S2 10 2 10zM10 7.8a2.2 2.2 0 100 4.4 2.2 2.2 0 000-4.4z',
    bell: 'M5 13.5V9a5 5 0 0110 0v4.5l1.5 1.5h-13zM8.5 17h3',
    undo: 'M4 8h8a4 4 0 010 8H8M7 4.5L3.5 8 7 11.5',
    shield: 'M10 2.5l6.5 2.5v5c0 4-3 6.5-6.5 7.5-3.5-1-6.5-3.5-6.5-7.5V5z',
    lock: 'M5 9h10v7.5H5zM7 9V6.5a3 3 0 016 0V9',
    menu: 'M3 5.5h14M3 10h14M3 14.5h14',
    policy: 'M5 2.5h7l3.5 3.5v11.5H5zM7.5 9h5.5M7.5 12h5.5M7.5 15h3',
    talk: 'M3 4h14v9.5H9.5L6 17v-3.5H3zM6.5 7.5h7M6.5 10h4.5',
    report: 'M3.5 3v13.5h13.5M7 13.5V10M10.5 13.5V6.5M14 13.5V8.5',
    audit: 'M4 4.5h2M9 4.5h7.5M4 10h2M9 10h7.5M4 15.5h2M9 15.5h7.5',
    people: 'M7.5 9.5a3 3 0 100-6 3 3 0 000 6zM2 16.5a5.5 5.5 0 0111 0M13 3.8a3 3 0 010 5.4M15 11.5a5.5 5.5 0 013 5',
    send: 'M17 3L9 11M17 3l-5 14-3-6-6-3z',
    plus: 'M10 4v12M4 10h12',
    trash: 'M3.5 5.5h13M8 5.5V3.5h4v2M5.5 5.5l.8 11h7.4l.8-11M8.5 8.5v5M11.5 8.5v5',
    network: 'M10 15.5v.1M6.8 12.2a4.5 4.5 0 016.4 0M4.3 9.5a8 8 0 0111.4 0M2 6.8a11.5 11.5 0 0116 0',
    crowd: 'M10 7.5a2.2 2.2 0 100-4.4 2.2 2.2 0 000 4.4zM6 13.5a4 4 0 018 0M4.5 10a1.8 1.8 0 100-3.6 1.8 1.8 0 000 3.6zM1.5 15.5a3 3 0 014-2.8M15.5 10a1.8 1.8 0 100-3.6 1.8 1.8 0 000 3.6zM18.5 15.5a3 3 0 00-4-2.8',
    arrow: 'M7.5 4.5L13 10l-5.5 5.5',
    pause: 'M7 4.5v11M13 4.5v11',
    play: 'M6.5 4l9 6-9 6z',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }): JSX.Element {
    return (
        <svg class="icon" viewBox="0 0 20 20" width="20" height="20" fill="none" stroke="currentColor"
            stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
            <path d={PATHS[name]} />
        </svg>
    );
}

export function Logo(): JSX.Element {
    return (
        <svg class="logo" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true">
            <rect class="logo-ground" width="32" height="32" rx="8" />
            <path class="logo-post" d="M6.5 13.2 9.5 9.6l3 3.6V25h-6zM13 9.6 16 6l3 3.6V27h-6zM19.5 13.2l3-3.6 3 3.6V25h-6z" />
            <path class="logo-ground" d="M5 15.6h22v1.5H5zM5 20.2h22v1.5H5z" />
        </svg>
    );
}
