// enrolcard.tsx - a fresh enrolment token: QR code for a phone, one command for a computer. The
// QR code comes as SVG from the server and is shown as an image, so nothing in it can run.
import type { JSX } from 'preact';
import type { NewEnrolment } from '../api/types';
import { Card } from '../ui/basics';
import { CodeLine } from '../ui/copy';
import { Ago } from '../ui/time';
import { plural } from '../ui/words';

// The link carries "TOKEN.PIN" behind '#': the pin lets the agent know the server's own authority.
function command(of: NewEnrolment): string {
    const mark = of.url.indexOf('#');
    const server = (mark < 0 ? of.url : of.url.slice(0, mark)).replace(/\/enroll$/, '');
    const token = mark < 0 ? of.token : of.url.slice(mark + 1);
    return `picket-agent enroll ${server} ${token}`;
}

export function EnrolCard({ of, onClose }: { of: NewEnrolment; onClose: () => void }): JSX.Element {
    return (
        <Card title={of.label ? `Token for ${of.label}` : 'New token'} class="fresh-token"
            action={<button type="button" class="button small" onClick={onClose}>Done</button>}>
            <div class="enrol">
                <img class="qr" width="200" height="200" alt="QR code with the enrolment address and token"
                    src={`data:image/svg+xml;charset=utf-8,${encodeURIComponent(of.qr_svg)}`} />
                <div class="enrol-ways">
                    <h3>Phone</h3>
                    <p>Scan the code with the Picket app.</p>
                    <h3>Computer</h3>
                    <p>Run this on the device:</p>
                    <CodeLine what="the enrolment command" text={command(of)} />
                    <p class="callout">Shown only now. Good for {plural(of.uses_left, 'device')}, expires <Ago at={of.expires_at} />.
                        Whoever has it can enrol a device in group {of.group}.</p>
                </div>
            </div>
        </Card>
    );
}
