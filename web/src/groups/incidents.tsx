// incidents.tsx - the list of incidents, and one of them.
import '../ui/kit';
import type { JSX } from 'preact';
import type { Route } from '../app/address';
import { IncidentPage } from '../pages/incident';
import { IncidentsPage } from '../pages/incidents';

export const page = ({ path: [, id], query }: Route): JSX.Element =>
    id === undefined ? <IncidentsPage query={query} /> : <IncidentPage key={id} id={id} />;
