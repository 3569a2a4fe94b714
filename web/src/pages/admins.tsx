// admins.tsx - who may sign in: people, and programs with their tokens.
import type { JSX } from 'preact';
import { may } from '../app/session';
import { Empty, PageHead } from '../ui/basics';
import { Tabs } from '../ui/tabs';
import { PeoplePart } from './people';
import { TokensPart } from './tokens';

const PARTS = [
    { id: 'people', name: 'People', to: '#/admins' },
    { id: 'tokens', name: 'API tokens', to: '#/admins/tokens' },
];

export function AdminsPage({ part }: { part: string }): JSX.Element {
    return (
        <>
            <PageHead title="Admins" />
            <Tabs label="Parts of Admins" tabs={PARTS} now={part} />
            {!may('admin')
                ? <Empty icon="lock" title="Only for administrators"><p>Your role may not see this part.</p></Empty>
                : part === 'tokens' ? <TokensPart /> : <PeoplePart />}
        </>
    );
}
