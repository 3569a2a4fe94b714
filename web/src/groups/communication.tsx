// communication.tsx - who is told of what, and by which way.
import '../ui/kit';
import type { JSX } from 'preact';
import { CommunicationPage } from '../pages/communication';

export const page = (): JSX.Element => <CommunicationPage />;
