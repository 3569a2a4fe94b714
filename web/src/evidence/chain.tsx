// chain.tsx - the certificates a server showed, from its own up to the one that vouches for it.
import type { JSX } from 'preact';
import { t } from '../app/words';
import { CopyButton } from '../ui/copy';
import { Icon } from '../ui/icon';
import { dateOnly } from '../ui/time';
import type { Certificate } from './shapes';
import { commonName } from './shapes';

// "ab12cd..." -> "AB:12:CD ..." as certificate viewers write it
function fingerprint(hex: string): string {
    return /^[0-9a-f]{64}$/i.test(hex) ? (hex.match(/../g) ?? []).join(':').toUpperCase() : hex;
}

function marks(cert: Certificate, above: Certificate | undefined): string[] {
    const out: string[] = [];
    const now = Date.now();
    if (cert.subject !== '' && cert.subject === cert.issuer) {
        out.push(t('self-signed'));
    } else if (above && above.subject !== cert.issuer) {
        out.push(t('issuer is not the next certificate'));
    }
    if (Date.parse(cert.not_after) < now) {
        out.push(t('expired'));
    }
    if (Date.parse(cert.not_before) > now) {
        out.push(t('not yet valid'));
    }
    return out;
}

const validity = (c: Certificate): string =>
    Number.isNaN(Date.parse(c.not_before)) || Number.isNaN(Date.parse(c.not_after))
        ? `${c.not_before} – ${c.not_after}` : `${dateOnly(c.not_before)} – ${dateOnly(c.not_after)}`;

function Link({ cert, above, role }: { cert: Certificate; above: Certificate | undefined; role: string }): JSX.Element {
    return (
        <li class="cert">
            <span class="cert-icon"><Icon name="lock" /></span>
            <div class="cert-body">
                <p class="cert-role">{role}</p>
                <p class="cert-name">{commonName(cert.subject)}
                    {marks(cert, above).map((m) => <span key={m} class="badge tone-high">{m}</span>)}
                </p>
                <p class="sub">{t('Issued by {name} · {validity}', { name: commonName(cert.issuer), validity: validity(cert) })}</p>
                <details>
                    <summary>{t('Details')}</summary>
                    <dl class="facts">
                        <div><dt>{t('Subject')}</dt><dd>{cert.subject}</dd></div>
                        <div><dt>{t('Issuer')}</dt><dd>{cert.issuer}</dd></div>
                        <div><dt>{'SHA-256'}</dt><dd class="mono breakable">{fingerprint(cert.sha256)}</dd></div>
                        <div><dt>{t('Key SHA-256')}</dt><dd class="mono breakable">{fingerprint(cert.spki_sha256)}</dd></div>
                    </dl>
                </details>
            </div>
            {cert.pem && <CopyButton text={cert.pem} what={t('the PEM of {name}', { name: commonName(cert.subject) })} name={t('Copy PEM')} />}
        </li>
    );
}

export function Chain({ certificates }: { certificates: Certificate[] }): JSX.Element {
    const last = certificates.length - 1;
    const role = (i: number): string => i === 0 ? t('Server') : i === last ? t('Top of the chain') : t('Intermediate');
    return (
        <div class="chain">
            <h3>{t('Certificate chain that the device was shown')}</h3>
            <ol>
                {certificates.map((c, i) => <Link key={i} cert={c} above={certificates[i + 1]} role={role(i)} />)}
            </ol>
        </div>
    );
}
