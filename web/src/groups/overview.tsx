// overview.tsx - the first page.
import '../ui/kit';
import type { JSX } from 'preact';
import { OverviewPage } from '../pages/overview';

export const page = (): JSX.Element => <OverviewPage />;
