// mistakes.tsx - what people called a mistake, and the other exceptions.
import '../ui/kit';
import type { JSX } from 'preact';
import type { Route } from '../app/address';
import { MistakesPage } from '../pages/mistakes';

export const page = ({ query }: Route): JSX.Element => <MistakesPage query={query} />;
