// enrolcard.tsx - a fresh enrolment token: QR code for a phone, one command for a computer. The
// QR code comes as SVG from the server and is shown as an image, so nothing in it can run.
import type { JSX } from 'preact';
import type { NewEnrolment } from '../api/types';
import { rich, t, tn } from '../app/words';
import { Card } from '../ui/basics';
import { CodeLine } from '../ui/copy';
import { Ago } from '../ui/time';

// The link carries "TOKEN.PIN" behind '#': the pin lets the agent know the server's own authority.
function command(of: NewEnrolment): string {
    const mark = of.url.indexOf('#');
    const server = (mark < 0 ? of.url : of.url.slice(0, mark)).replace(/\/enroll$/, '');
    const token = mark < 0 ? of.token : of.url.slice(mark + 1);
    return `picket-agent enroll ${server} ${token}`; // not for people
}

export function EnrolCard({ of, onClose }: { of: NewEnrolment; onClose: () => void }): JSX.Element {
    return (
        <Card title={of.label ? t('Token for {name}', { name: of.label }) : t('New token')} class="fresh-token"
            action={<button type="button" class="button small" onClick={onClose}>{t('Done')}</button>}>
            <div class="enrol">
                <img class="qr" width="200" height="200" alt={t('QR code with the enrolment address and token')}
                    src={`data:image/svg+xml;charset=utf-8,${encodeURIComponent(of.qr_svg)}`} />
                <div class="enrol-ways">
                    <h3>{t('Phone')}</h3>
                    <p>{t('Scan the code with the Picket app.')}</p>
                    <h3>{t('Computer')}</h3>
                    <p>{t('Run this on the device:')}</p>
                    <CodeLine what={t('the enrolment command')} text={command(of)} />
                    <p class="callout">{rich('Shown only now. Good for {devices}, expires {when}. Whoever has it can enrol a device in group {group}.',
                        { devices: tn('{n} device', '{n} devices', of.uses_left), when: <Ago at={of.expires_at} />, group: of.group })}</p>
                </div>
            </div>
        </Card>
    );
}
