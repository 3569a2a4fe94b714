// peoplelist.tsx - who may sign in: roles, groups, codes; and where they are signed in.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ApiError } from '../api/client';
import { del, get, post, put, seg } from '../api/client';
import type { Codes, Person, Role, SessionRow } from '../api/types';
import { asApiError, useResource } from '../app/resource';
import { rich, t } from '../app/words';
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
import { toast } from '../ui/toast';

function PersonForm({ of, done }: { of: Person | null; done: () => void }): JSX.Element {
    const [name, setName] = useState('');
    const [role, setRole] = useState<Role>(of?.role ?? 'viewer');
    const [groups, setGroups] = useState(of?.groups.join(', ') ?? '');
    const [error, setError] = useState<ApiError | null>(null);
    const submit = (event: Event): void => {
        event.preventDefault();
        const body = { role, groups: groupsOf(groups), ...(of?.mail ? { mail: of.mail } : {}) };
        (of ? put(`/people/${seg(of.id)}`, body) : post('/people', { ...body, name: name.trim() })).then(() => {
            setName('');
            setError(null);
            done();
        }, (e: unknown) => setError(asApiError(e)));
    };
    return (
        <Card title={of ? t('Change {name}', { name: of.name }) : t('Add a person')}
            note={of?.source === 'sso' ? t('The next sign-in at the provider decides again') : t('Holds at once')}
            action={of && <button type="button" class="button small" onClick={done}>{t('Cancel')}</button>}>
            <form class="form form-row" onSubmit={submit}>
                {!of && <label class="field grow"><span>{t('Full name')}</span>
                    <input type="text" required maxLength={64} value={name} onInput={(e) => setName(e.currentTarget.value)} /></label>}
                <RoleField value={role} onChange={setRole} />
                <GroupsField value={groups} onChange={setGroups} />
                <button type="submit" class="button primary">{of ? t('Save') : t('Add')}</button>
            </form>
            {error && <ProblemBox error={error} />}
        </Card>
    );
}

function NewCodes({ of, done }: { of: Codes; done: () => void }): JSX.Element {
    return (
        <Card title={t('New one-time codes')} class="fresh-token" action={<button type="button" class="button small" onClick={done}>{t('Done')}</button>}>
            <img class="qr" width="200" height="200" alt={t('QR code for the app that makes codes')}
                src={`data:image/svg+xml;charset=utf-8,${encodeURIComponent(of.qr_svg)}`} />
            <CodeLine what={t('the recovery codes')} text={of.recovery.join(' ')} />
            <p class="callout">{t('Shown only now. The old codes work no more.')}</p>
        </Card>
    );
}

function Acts({ of, edit, codes, reload }: {
    of: Person; edit: () => void; codes: (made: Codes) => void; reload: () => void;
}): JSX.Element {
    const at = `/people/${seg(of.id)}`;
    const run = (act: Promise<unknown>): void => void act.then(reload, (e: unknown) => toast(asApiError(e).message, 'critical'));
    return (
        <span class="acts">
            <button type="button" class="button small" aria-label={t('Change {name}', { name: of.name })} onClick={edit}>{t('Change')}</button>
            <button type="button" class="button small" aria-label={of.disabled_at ? t('Enable {name}', { name: of.name }) : t('Disable {name}', { name: of.name })}
                onClick={() => run(post(`${at}/${of.disabled_at ? 'enable' : 'disable'}`, undefined))}>
                {of.disabled_at ? t('Enable') : t('Disable')}</button>
            {of.password && <button type="button" class="button small" aria-label={t('New codes for {name}', { name: of.name })}
                onClick={() => run(post<Codes>(`${at}/codes`, undefined).then(codes))}>{t('New codes')}</button>}
            <ConfirmButton name={of.name} act={() => del(at).then(reload)} />
        </span>
    );
}

export function PeopleList(): JSX.Element {
    const [change, setChange] = useState<Person | null>(null);
    const [codes, setCodes] = useState<Codes | null>(null);
    const list = useList<Person>('/people', {}, (e) => e.type === 'audit');
    const columns: Column<Person>[] = [
        { id: 'name', head: t('Name'), kind: 'main', cell: (p) => <>{p.name}{p.disabled_at && <Badge tone="medium">{t('Disabled')}</Badge>}</> },
        { id: 'role', head: t('Role'), cell: (p) => <Badge tone="info">{codeName(p.role)}</Badge> },
        { id: 'groups', head: t('Sees'), cell: (p) => p.groups.length === 0 ? t('All devices') : p.groups.join(', ') },
        { id: 'by', head: t('Signs in by'), kind: 'side', cell: (p) => p.source === 'sso' ? t('single sign-on') : p.password ? t('password and code') : t('link') },
        { id: 'seen', head: t('Last signed in'), kind: 'side', cell: (p) => <Ago at={p.last_seen_at} /> },
        { id: 'acts', head: t('Do'), cell: (p) => <Acts of={p} edit={() => setChange(p)} codes={setCodes} reload={list.reload} /> },
    ];
    return (
        <>
            {codes ? <NewCodes of={codes} done={() => setCodes(null)} /> : <PersonForm key={change?.id ?? ''} of={change} done={() => {
                setChange(null);
                list.reload();
            }} />}
            <ResourceView of={list} lines={3}>
                {(page) => page.items.length === 0 ? (
                    <Empty icon="people" title={t('Nobody is known by name yet')}>
                        <p>{t('Add people here, let single sign-on make them, or send sign-in links.')}</p>
                    </Empty>
                ) : (
                    <div class="card flush"><Table caption={t('People')} columns={columns} rows={page.items} keyOf={(p) => p.id} /></div>
                )}
            </ResourceView>
        </>
    );
}

const ROLES: [string, string][] = [
    [t('Viewer'), t('sees devices, incidents, apps, networks')],
    [t('Responder'), t('also dismisses, reopens, makes exceptions, scans')],
    [t('Policy'), t('also writes policies, texts and lists of apps')],
    [t('Privacy'), t('sees, and answers for personal data: who looked, export, erasure, audit')],
    [t('Owner'), t('everything: people, tokens, enrolment, integrations')],
];

export function RolesCard(): JSX.Element {
    return (
        <Card title={t('What roles may do')} note={t('Groups of devices narrow what somebody sees, everywhere')}>
            <dl class="facts">{ROLES.map(([role, text]) => <div key={role}><dt>{role}</dt><dd>{text}</dd></div>)}</dl>
        </Card>
    );
}

interface Door {
    sso: { name: string; url: string } | null;
}

export function SsoCard(): JSX.Element {
    const door = useResource<Door>('/door', (signal) => get<Door>('/door', { signal }));
    return (
        <Card title={t('Single sign-on')}>
            <p>{door.data?.sso
                ? rich("On, with {name}. Roles come from the provider's groups, by {setting}.", { name: <strong>{door.data.sso.name}</strong>, setting: <code>{'sso.role_map'}</code> })
                : rich('Off. The section {section} of {file} turns it on.', { section: <code>{'sso'}</code>, file: <code>{'picketd.yaml'}</code> })}</p>
        </Card>
    );
}

export function SessionsPart(): JSX.Element {
    const all = useResource<{ items: SessionRow[] }>('/sessions', (signal) => get('/sessions', { signal }), (e) => e.type === 'audit');
    const columns: Column<SessionRow>[] = [
        { id: 'name', head: t('Who'), kind: 'main', cell: (s) => <>{s.name}{s.current && <Badge tone="info">{t('This one')}</Badge>}</> },
        { id: 'from', head: t('From'), cell: (s) => s.address ?? t('unknown') },
        { id: 'opened', head: t('Signed in'), cell: (s) => <Ago at={s.opened_at} /> },
        { id: 'used', head: t('Last used'), kind: 'side', cell: (s) => <Ago at={s.last_used_at} /> },
        { id: 'expires', head: t('Ends'), kind: 'side', cell: (s) => <Ago at={s.expires_at} /> },
        { id: 'end', head: t('End'), cell: (s) => <ConfirmButton name={t('the session of {name}', { name: s.name })}
            act={() => del(`/sessions/${seg(s.id)}`).then(all.reload)} /> },
    ];
    return (
        <>
            <Card title={t('Sessions')} note={t('End after 2 hours without use, after 12 in all')}
                action={<button type="button" class="button small" onClick={() => void del('/sessions').then(() => location.reload(),
                    (e: unknown) => toast(asApiError(e).message, 'critical'))}>{t('Sign me out everywhere')}</button>}>
                <p>{t("An owner sees everybody's, others their own.")}</p>
            </Card>
            <ResourceView of={all} lines={3}>
                {(page) => <div class="card flush"><Table caption={t('Sessions')} columns={columns} rows={page.items} keyOf={(s) => s.id} /></div>}
            </ResourceView>
        </>
    );
}
