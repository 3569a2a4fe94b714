// pagelink.tsx - a one-time link to the page of the person who carries the device: to hand over, as a code or as text.
// The code comes as SVG from the server and is shown as an image, so nothing in it can run.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ApiError } from '../api/client';
import { post, seg } from '../api/client';
import type { DeviceFull, Time } from '../api/types';
import { asApiError } from '../app/resource';
import { may } from '../app/session';
import { rich, t } from '../app/words';
import { ProblemBox } from '../ui/basics';
import { CodeLine } from '../ui/copy';
import { Dialog } from '../ui/dialog';
import { Ago } from '../ui/time';

interface PageLink {
    url: string;
    qr_svg: string;
    expires_at: Time;
}

function Fresh({ link }: { link: PageLink }): JSX.Element {
    return (
        <div class="enrol">
            <img class="qr" width="200" height="200" alt={t("QR code with the link to the employee's page")}
                src={`data:image/svg+xml;charset=utf-8,${encodeURIComponent(link.qr_svg)}`} />
            <div class="enrol-ways">
                <p>{t('Let the person scan the code, or send the link by a safe way:')}</p>
                <CodeLine what={t("the link to the employee's page")} text={link.url} />
                <p class="callout">{rich('Shown only now. It works once, expires {when}. Whoever opens it first sees the page of this device.', {
                    when: <Ago at={link.expires_at} />,
                })}</p>
            </div>
        </div>
    );
}

function LinkDialog({ device, onClose }: { device: DeviceFull; onClose: () => void }): JSX.Element {
    const [link, setLink] = useState<PageLink | null>(null);
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState<ApiError | null>(null);
    const make = (event: Event): void => {
        event.preventDefault();
        setBusy(true);
        setError(null);
        post<PageLink>(`/devices/${seg(device.id)}/page-link`, undefined).then(setLink, (e: unknown) => setError(asApiError(e))).finally(() => setBusy(false));
    };
    return (
        <Dialog title={t("Employee's page of {name}", { name: device.name })} onClose={onClose}>
            <form class="form" onSubmit={make}>
                {link ? <Fresh link={link} /> : (
                    <p class="dialog-text">{t('For a person whose device shows no page. They see what is to do and what is known of their device; by such a link they cannot download, erase or leave. That you made it stands in the audit and under “Who looked” on the page.')}</p>
                )}
                {error && <ProblemBox error={error} />}
                <div class="form-end">
                    <button type="button" class="button" onClick={onClose}>{link ? t('Done') : t('Cancel')}</button>
                    {!link && <button type="submit" class="button primary" disabled={busy}>{busy ? t('Making …') : t('Make the link')}</button>}
                </div>
            </form>
        </Dialog>
    );
}

export function PageLinkButton({ device }: { device: DeviceFull }): JSX.Element | null {
    const [asking, setAsking] = useState(false);
    if (!may('respond') || device.status === 'revoked') {
        return null;
    }
    return (
        <>
            <button type="button" class="button" onClick={() => setAsking(true)}>{t("Employee's page …")}</button>
            {asking && <LinkDialog device={device} onClose={() => setAsking(false)} />}
        </>
    );
}
