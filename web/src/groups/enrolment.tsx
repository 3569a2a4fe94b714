// enrolment.tsx - tokens that let devices in.
import '../ui/kit';
import type { JSX } from 'preact';
import { EnrolmentPage } from '../pages/enrolment';

export const page = (): JSX.Element => <EnrolmentPage />;
