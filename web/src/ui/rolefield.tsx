// rolefield.tsx - a choice of role, with what each may do.
import type { JSX } from 'preact';
import type { Role } from '../api/types';

const ROLES: [Role, string][] = [
    ['viewer', 'Viewer: looks'],
    ['responder', 'Responder: also dismisses'],
    ['admin', 'Admin: also enrols, revokes'],
];

export function RoleField({ value, onChange }: { value: Role; onChange: (role: Role) => void }): JSX.Element {
    return (
        <label class="field"><span>Role</span>
            <select value={value} onChange={(e) => onChange(e.currentTarget.value as Role)}>
                {ROLES.map(([role, text]) => <option key={role} value={role}>{text}</option>)}
            </select>
        </label>
    );
}
