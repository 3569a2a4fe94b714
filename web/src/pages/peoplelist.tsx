// peoplelist.tsx - who may sign in: roles, groups, codes; and where they are signed in.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ApiError } from '../api/client';
import { del, get, post, put, seg } from '../api/client';
import type { Codes, Person, Role, SessionRow } from '../api/types';
import { asApiError, useResource } from '../app/resource';
import { Badge } from '../ui/badge';
import { Card, Empty, ProblemBox, ResourceView } from '../ui/basics';
import { ConfirmButton } from '../ui/confirm';
import { CodeLine } from '../ui/copy';
import { useList } from '../ui/list';
import { groupsOf, GroupsField, RoleField } from '../ui/rolefield';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { Ago } from '../ui/time';
import { toast } from '../ui/toast';
import { sentence } from '../ui/words';

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
        <Card title={of ? `Change ${of.name}` : 'Add a person'}
            note={of?.source === 'sso' ? 'The next sign-in at the provider decides again' : 'Holds at once'}
            action={of && <button type="button" class="button small" onClick={done}>Cancel</button>}>
            <form class="form form-row" onSubmit={submit}>
                {!of && <label class="field grow"><span>Full name</span>
                    <input type="text" required maxLength={64} value={name} onInput={(e) => setName(e.currentTarget.value)} /></label>}
                <RoleField value={role} onChange={setRole} />
                <GroupsField value={groups} onChange={setGroups} />
                <button type="submit" class="button primary">{of ? 'Save' : 'Add'}</button>
            </form>
            {error && <ProblemBox error={error} />}
        </Card>
    );
}

function NewCodes({ of, done }: { of: Codes; done: () => void }): JSX.Element {
    return (
        <Card title="New one-time codes" class="fresh-token" action={<button type="button" class="button small" onClick={done}>Done</button>}>
            <img class="qr" width="200" height="200" alt="QR code for the app that makes codes"
                src={`data:image/svg+xml;charset=utf-8,${encodeURIComponent(of.qr_svg)}`} />
            <CodeLine what="the recovery codes" text={of.recovery.join(' ')} />
            <p class="callout">Shown only now. The old codes work no more.</p>
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
            <button type="button" class="button small" aria-label={`Change ${of.name}`} onClick={edit}>Change</button>
            <button type="button" class="button small" aria-label={`${of.disabled_at ? 'Enable' : 'Disable'} ${of.name}`}
                onClick={() => run(post(`${at}/${of.disabled_at ? 'enable' : 'disable'}`, undefined))}>
                {of.disabled_at ? 'Enable' : 'Disable'}</button>
            {of.password && <button type="button" class="button small" aria-label={`New codes for ${of.name}`}
                onClick={() => run(post<Codes>(`${at}/codes`, undefined).then(codes))}>New codes</button>}
            <ConfirmButton name={of.name} act={() => del(at).then(reload)} />
        </span>
    );
}

export function PeopleList(): JSX.Element {
    const [change, setChange] = useState<Person | null>(null);
    const [codes, setCodes] = useState<Codes | null>(null);
    const list = useList<Person>('/people', {}, (e) => e.type === 'audit');
    const columns: Column<Person>[] = [
        { id: 'name', head: 'Name', kind: 'main', cell: (p) => <>{p.name}{p.disabled_at && <Badge tone="medium">Disabled</Badge>}</> },
        { id: 'role', head: 'Role', cell: (p) => <Badge tone="info">{sentence(p.role)}</Badge> },
        { id: 'groups', head: 'Sees', cell: (p) => p.groups.length === 0 ? 'All devices' : p.groups.join(', ') },
        { id: 'by', head: 'Signs in by', kind: 'side', cell: (p) => p.source === 'sso' ? 'single sign-on' : p.password ? 'password and code' : 'link' },
        { id: 'seen', head: 'Last signed in', kind: 'side', cell: (p) => <Ago at={p.last_seen_at} /> },
        { id: 'acts', head: 'Do', cell: (p) => <Acts of={p} edit={() => setChange(p)} codes={setCodes} reload={list.reload} /> },
    ];
    return (
        <>
            {codes ? <NewCodes of={codes} done={() => setCodes(null)} /> : <PersonForm key={change?.id ?? ''} of={change} done={() => {
                setChange(null);
                list.reload();
            }} />}
            <ResourceView of={list} lines={3}>
                {(page) => page.items.length === 0 ? (
                    <Empty icon="people" title="Nobody is known by name yet">
                        <p>Add people here, let single sign-on make them, or send sign-in links.</p>
                    </Empty>
                ) : (
                    <div class="card flush"><Table caption="People" columns={columns} rows={page.items} keyOf={(p) => p.id} /></div>
                )}
            </ResourceView>
        </>
    );
}

const ROLES: [string, string][] = [
    ['Viewer', 'sees devices, incidents, apps, networks'],
    ['Responder', 'also dismisses, reopens, makes exceptions, scans'],
    ['Policy', 'also writes policies, texts and lists of apps'],
    ['Privacy', 'sees, and answers for personal data: who looked, export, erasure, audit'],
    ['Owner', 'everything: people, tokens, enrolment, integrations'],
];

export function RolesCard(): JSX.Element {
    return (
        <Card title="What roles may do" note="Groups of devices narrow what somebody sees, everywhere">
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
        <Card title="Single sign-on">
            <p>{door.data?.sso
                ? <>On, with <strong>{door.data.sso.name}</strong>. Roles come from the provider's groups, by <code>sso.role_map</code>.</>
                : <>Off. The section <code>sso</code> of <code>picketd.yaml</code> turns it on.</>}</p>
        </Card>
    );
}

export function SessionsPart(): JSX.Element {
    const all = useResource<{ items: SessionRow[] }>('/sessions', (signal) => get('/sessions', { signal }), (e) => e.type === 'audit');
    const columns: Column<SessionRow>[] = [
        { id: 'name', head: 'Who', kind: 'main', cell: (s) => <>{s.name}{s.current && <Badge tone="info">This one</Badge>}</> },
        { id: 'from', head: 'From', cell: (s) => s.address ?? 'unknown' },
        { id: 'opened', head: 'Signed in', cell: (s) => <Ago at={s.opened_at} /> },
        { id: 'used', head: 'Last used', kind: 'side', cell: (s) => <Ago at={s.last_used_at} /> },
        { id: 'expires', head: 'Ends', kind: 'side', cell: (s) => <Ago at={s.expires_at} /> },
        { id: 'end', head: 'End', cell: (s) => <ConfirmButton name={`the session of ${s.name}`}
            act={() => del(`/sessions/${seg(s.id)}`).then(all.reload)} /> },
    ];
    return (
        <>
            <Card title="Sessions" note="End after 2 hours without use, after 12 in all"
                action={<button type="button" class="button small" onClick={() => void del('/sessions').then(() => location.reload(),
                    (e: unknown) => toast(asApiError(e).message, 'critical'))}>Sign me out everywhere</button>}>
                <p>An owner sees everybody's, others their own.</p>
            </Card>
            <ResourceView of={all} lines={3}>
                {(page) => <div class="card flush"><Table caption="Sessions" columns={columns} rows={page.items} keyOf={(s) => s.id} /></div>}
            </ResourceView>
        </>
    );
}
