// devices.tsx - the list of devices, and one of them.
import '../ui/kit';
import type { JSX } from 'preact';
import type { Route } from '../app/address';
import { DevicePage } from '../pages/device';
import { DevicesPage } from '../pages/devices';

export const page = ({ path: [, id], query }: Route): JSX.Element =>
    id === undefined ? <DevicesPage query={query} /> : <DevicePage key={id} id={id} />;
