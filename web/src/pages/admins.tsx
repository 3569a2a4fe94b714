// admins.tsx - who may sign in: people, where they are signed in, and programs with their tokens.
import type { JSX } from 'preact';
import { may, unscoped } from '../app/session';
import { t } from '../app/words';
import { Empty, PageHead } from '../ui/basics';
import { Tabs } from '../ui/tabs';
import { PeoplePart } from './people';
import { PeopleList, RolesCard, SessionsPart, SsoCard } from './peoplelist';
import { TokensPart } from './tokens';

const PARTS = [
    { id: 'people', name: t('People'), to: '#/admins' },
    { id: 'sessions', name: t('Sessions'), to: '#/admins/sessions' },
    { id: 'tokens', name: t('API tokens'), to: '#/admins/tokens' },
];

export function AdminsPage({ part }: { part: string }): JSX.Element {
    return (
        <>
            <PageHead title={t('Admins')} />
            <Tabs label={t('Parts of Admins')} tabs={PARTS} now={part} />
            {part === 'sessions' ? <SessionsPart />
                : !may('own') || !unscoped()
                    ? <Empty icon="lock" title={t('Only for owners')}><p>{t('Your role may not see this part.')}</p></Empty>
                    : part === 'tokens' ? <TokensPart />
                        : <><PeoplePart /><PeopleList /><RolesCard /><SsoCard /></>}
        </>
    );
}
