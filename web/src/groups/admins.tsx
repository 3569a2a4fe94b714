// admins.tsx - who may sign in, and with what.
import '../ui/kit';
import type { JSX } from 'preact';
import type { Route } from '../app/address';
import { AdminsPage } from '../pages/admins';

export const page = ({ path: [, part] }: Route): JSX.Element => <AdminsPage part={part ?? 'people'} />;
