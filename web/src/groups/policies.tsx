// policies.tsx - what Picket does by itself: the policy in force, drafts, versions.
import '../ui/kit';
import type { JSX } from 'preact';
import type { Route } from '../app/address';
import { PoliciesPage } from '../pages/policies';

export const page = ({ path: [, part, id] }: Route): JSX.Element => <PoliciesPage part={part ?? ''} id={id} />;
