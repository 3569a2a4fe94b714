// mistaketypes.ts - the memory for false positives, as docs/api.md describes it.
import type { DeviceRef, Time } from './types';

export interface Mistake {
    id: string;
    reason: string;
    scope: 'all' | 'group' | 'device';
    group: string | null;
    device: DeviceRef | null;
    threat: string;
    subject: string | null;
    rule: string | null;
    created_at: Time;
    created_by: string;
    expires_at: Time | null;
    active: boolean;
    uses: number | null; // null: it holds for everybody, and who asks sees some groups only
    used_at: Time | null;
}
