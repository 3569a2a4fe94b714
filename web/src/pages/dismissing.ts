// dismissing.ts - dismissing many incidents, some at a time, with a count of what went wrong.
import { post, seg } from '../api/client';
import type { Incident } from '../api/types';
import { asApiError } from '../app/resource';
import { t } from '../app/words';

const AT_ONCE = 4;

export const DISMISS_REASONS = [t('Known and accepted'), t('False alarm'), t('Test by our own team'), t('Handled elsewhere')];

export interface Outcome {
    done: number;
    failed: string[]; // the reasons, each once
}

export async function dismissAll(ids: string[], reason: string): Promise<Outcome> {
    const waiting = [...ids];
    const failed = new Set<string>();
    let done = 0;
    const worker = async (): Promise<void> => {
        for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
            try {
                await post<Incident>(`/incidents/${seg(id)}/dismiss`, { reason });
                done++;
            } catch (error) {
                failed.add(asApiError(error).message);
            }
        }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return { done, failed: [...failed] };
}
