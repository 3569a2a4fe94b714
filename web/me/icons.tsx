// icons.tsx - a dozen line drawings; decoration, so hidden from screen readers.
const PATHS: Record<string, string> = {
    good: 'M12 3l7 3v5c0 4.6-3 8.4-7 10-4-1.6-7-5.4-7-10V6l7-3z M8.5 12l2.5 2.5 4.5-5',
    fix: 'M12 3l7 3v5c0 4.6-3 8.4-7 10-4-1.6-7-5.4-7-10V6l7-3z M12 8v5 M12 16.2v.1',
    act: 'M12 3.5l9 16H3l9-16z M12 10v4.5 M12 17v.1',
    silent: 'M12 3l7 3v5c0 4.6-3 8.4-7 10-4-1.6-7-5.4-7-10V6l7-3z M9.6 9.6a2.5 2.5 0 1 1 3.4 2.6c-.7.3-1 .8-1 1.5 M12 16.4v.1',
    device: 'M7 2.8h10a1.2 1.2 0 0 1 1.2 1.2v16a1.2 1.2 0 0 1-1.2 1.2H7A1.2 1.2 0 0 1 5.800 20V4A1.2 1.2 0 0 1 7 2.800z M10.500 18.200h3',
    apps: 'M4 4h6.500v6.500H4z M13.500 4H20v6.500h-6.500z M4 13.500h6.500V20H4z M13.500 13.500H20V20h-6.500z',
    network: 'M3 9.500a13 13 0 0 1 18 0 M6.200 13a8.400 8.400 0 0 1 11.600 0 M9.300 16.400a4 4 0 0 1 5.400 0 M12 19.500v.1',
    updates: 'M12 4v11 M7.500 10.800L12 15.300l4.500-4.500 M5 20h14',
    tick: 'M5 12.500l4.500 4.500L19 7.500',
    cross: 'M6 6l12 12 M18 6L6 18',
    open: 'M12 12m-8 0a8 8 0 1 0 16 0a8 8 0 1 0-16 0 M12 8v4l2.500 2',
    again: 'M19.500 12a7.500 7.500 0 1 1-2.400-5.500 M19.500 3.500v4h-4',
    lock: 'M6 11h12v9H6z M8.500 11V8a3.500 3.500 0 0 1 7 0v3',
    eye: 'M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12z M12 12m-2.800 0a2.800 2.800 0 1 0 5.600 0a2.800 2.800 0 1 0-5.600 0',
    heart: 'M12 20s-7.500-4.600-7.500-10A4.300 4.300 0 0 1 12 7.300 4.300 4.300 0 0 1 19.500 10c0 5.400-7.500 10-7.500 10z',
    down: 'M6 9l6 6 6-6',
    sun: 'M12 12m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0 M12 3v2 M12 19v2 M3 12h2 M19 12h2 M5.600 5.600L7 7 M17 17l1.400 1.400 M5.600 18.400L7 17 M17 7l1.400-1.400',
};

export function Icon({ name }: { name: string }) {
    return (
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.9"
            stroke-linecap="round" stroke-linejoin="round">
            <path d={PATHS[name] ?? ''} />
        </svg>
    );
}
