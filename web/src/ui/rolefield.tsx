// rolefield.tsx - a choice of role, with what each may do.
import type { JSX } from 'preact';
import type { Role } from '../api/types';
import { t } from '../app/words';

const ROLES: [Role, string][] = [
    ['viewer', t('Viewer: looks')],
    ['responder', t('Responder: also dismisses')],
    ['policy', t('Policy: also writes policies')],
    ['privacy', t('Privacy: looks, exports, erases')],
    ['owner', t('Owner: everything')],
];

export function RoleField({ value, onChange }: { value: Role; onChange: (role: Role) => void }): JSX.Element {
    return (
        <label class="field"><span>{t('Role')}</span>
            <select value={value} onChange={(e) => onChange(e.currentTarget.value as Role)}>
                {ROLES.map(([role, text]) => <option key={role} value={role}>{text}</option>)}
            </select>
        </label>
    );
}

// Groups of devices, as people write them: commas between them.
export function groupsOf(text: string): string[] {
    return text.split(',').map((g) => g.trim()).filter((g) => g !== '');
}

export function GroupsField({ value, onChange }: { value: string; onChange: (text: string) => void }): JSX.Element {
    return (
        <label class="field"><span>{t('Groups of devices')}</span>
            <input type="text" value={value} placeholder={t('All, or names with commas')}
                onInput={(e) => onChange(e.currentTarget.value)} />
        </label>
    );
}
