// audit.tsx - who did what.
import '../ui/kit';
import type { JSX } from 'preact';
import { AuditPage } from '../pages/audit';

export const page = (): JSX.Element => <AuditPage />;
