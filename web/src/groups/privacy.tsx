// privacy.tsx - what devices tell and what never.
import '../ui/kit';
import type { JSX } from 'preact';
import type { Route } from '../app/address';
import { PrivacyPage } from '../pages/privacy';

export const page = ({ path: [, part] }: Route): JSX.Element => <PrivacyPage part={part ?? 'fields'} />;
