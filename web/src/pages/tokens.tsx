// tokens.tsx - API tokens for programs: make (the secret is shown once), list, delete.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ApiError } from '../api/client';
import { del, post, seg } from '../api/client';
import type { ApiToken, Role } from '../api/types';
import { asApiError } from '../app/resource';
import { rich, t, tn } from '../app/words';
import { Badge } from '../ui/badge';
import { Card, Empty, ProblemBox, ResourceView } from '../ui/basics';
import { codeName } from '../ui/codes';
import { ConfirmButton } from '../ui/confirm';
import { CodeLine } from '../ui/copy';
import { useList } from '../ui/list';
import { groupsOf, GroupsField, RoleField } from '../ui/rolefield';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { Ago } from '../ui/time';

const LIVES: [number, string][] = [
    [30 * 86_400, tn('{n} day', '{n} days', 30)], [90 * 86_400, tn('{n} day', '{n} days', 90)], [365 * 86_400, t('1 year')], [0, t('No end')],
];

type NewToken = ApiToken & { token: string };

function TokenForm({ onMade }: { onMade: (made: NewToken) => void }): JSX.Element {
    const [name, setName] = useState('');
    const [role, setRole] = useState<Role>('viewer');
    const [groups, setGroups] = useState('');
    const [life, setLife] = useState(90 * 86_400);
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState<ApiError | null>(null);
    const submit = (event: Event): void => {
        event.preventDefault();
        setBusy(true);
        setError(null);
        post<NewToken>('/tokens', { name: name.trim(), role, groups: groupsOf(groups), ...(life > 0 ? { ttl_s: life } : {}) })
            .then((made) => {
                setName('');
                onMade(made);
            }, (e: unknown) => setError(asApiError(e)))
            .finally(() => setBusy(false));
    };
    return (
        <Card title={t('New API token')} note={t('For a SIEM, a script, a dashboard')}>
            <form class="form form-row" onSubmit={submit}>
                <label class="field grow"><span>{t('Name')}</span>
                    <input type="text" required maxLength={64} value={name} placeholder={t('What will use it')}
                        onInput={(e) => setName(e.currentTarget.value)} /></label>
                <RoleField value={role} onChange={setRole} />
                <GroupsField value={groups} onChange={setGroups} />
                <label class="field"><span>{t('Good for')}</span>
                    <select value={life} onChange={(e) => setLife(Number(e.currentTarget.value))}>
                        {LIVES.map(([s, text]) => <option key={s} value={s}>{text}</option>)}
                    </select></label>
                <button type="submit" class="button primary" disabled={busy}>{busy ? t('Making …') : t('Make token')}</button>
            </form>
            {error && <ProblemBox error={error} />}
        </Card>
    );
}

function Fresh({ token, onClose }: { token: NewToken; onClose: () => void }): JSX.Element {
    return (
        <Card title={t('Token {name}', { name: token.name })} class="fresh-token"
            action={<button type="button" class="button small" onClick={onClose}>{t('Done')}</button>}>
            <CodeLine what={t('the API token')} text={token.token} />
            <p class="callout">{rich('Shown only now. Programs send it as {header}', { header: <code>{'Authorization: Bearer …'}</code> })}</p>
        </Card>
    );
}

const columns = (remove: (id: string) => Promise<void>): Column<ApiToken>[] => [
    { id: 'name', head: t('Name'), kind: 'main', cell: (token) => token.name },
    { id: 'role', head: t('Role'), cell: (token) => <Badge tone="info">{codeName(token.role)}</Badge> },
    { id: 'groups', head: t('Sees'), kind: 'side', cell: (token) => token.groups.length === 0 ? t('All devices') : token.groups.join(', ') },
    { id: 'used', head: t('Last used'), cell: (token) => <Ago at={token.last_used_at} /> },
    { id: 'expires', head: t('Expires'), cell: (token) => <Ago at={token.expires_at} /> },
    { id: 'created', head: t('Made'), kind: 'side', cell: (token) => <Ago at={token.created_at} /> },
    { id: 'delete', head: t('Delete'), cell: (token) => <ConfirmButton name={t('the token {name}', { name: token.name })} act={() => remove(token.id)} /> },
];

export function TokensPart(): JSX.Element {
    const [fresh, setFresh] = useState<NewToken | null>(null);
    const list = useList<ApiToken>('/tokens', {}, (e) => e.type === 'audit');
    const remove = async (id: string): Promise<void> => {
        await del(`/tokens/${seg(id)}`);
        setFresh((now) => now?.id === id ? null : now);
        list.reload();
    };
    return (
        <>
            {fresh ? <Fresh token={fresh} onClose={() => setFresh(null)} /> : <TokenForm onMade={(made) => {
                setFresh(made);
                list.reload();
            }} />}
            <ResourceView of={list} lines={3}>
                {(page) => page.items.length === 0 ? (
                    <Empty icon="lock" title={t('No API tokens')}>
                        <p>{t('Make one to let a program read incidents or the event stream.')}</p>
                    </Empty>
                ) : (
                    <div class="card flush">
                        <Table caption={t('API tokens')} columns={columns(remove)} rows={page.items} keyOf={(token) => token.id} />
                    </div>
                )}
            </ResourceView>
        </>
    );
}
