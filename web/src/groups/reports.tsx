// reports.tsx - reports to read, to print and to have sent.
import '../ui/kit';
import type { JSX } from 'preact';
import type { Route } from '../app/address';
import { ReportsPage } from '../pages/reports';

export const page = ({ path: [, part], query }: Route): JSX.Element => <ReportsPage part={part ?? ''} query={query} />;
