// audit.tsx - who did what.
import '../ui/kit';
import type { JSX } from 'preact';
import type { Route } from '../app/address';
import { AuditPage } from '../pages/audit';

export const page = ({ query }: Route): JSX.Element => <AuditPage query={query} />;
