// device.mjs - a device as docs/protocol.md describes it: enrols by EST with a one-time token, then
// reports over mutual TLS. Keys, requests and the forged chain are made with openssl.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';

const openssl = (args, input) => execFileSync('openssl', args, { input, stdio: ['pipe', 'pipe', 'pipe'] });

function certificate(pem) {
    const facts = (...what) => openssl(['x509', '-noout', ...what], pem).toString().trim();
    const value = (...what) => facts(...what).replace(/^[^=]*=\s*/, '');
    const time = (what) => new Date(value(what)).toISOString();
    const spki = openssl(['x509', '-noout', '-pubkey'], pem);
    const digest = openssl(['dgst', '-sha256', '-r'], openssl(['pkey', '-pubin', '-outform', 'DER'], spki));
    return {
        subject: value('-subject', '-nameopt', 'RFC2253'),
        issuer: value('-issuer', '-nameopt', 'RFC2253'),
        sha256: value('-fingerprint', '-sha256').replaceAll(':', '').toLowerCase(),
        spki_sha256: digest.toString().slice(0, 64),
        not_before: time('-startdate'),
        not_after: time('-enddate'),
        pem,
    };
}

// A certificate for a check host, signed by an authority that nobody trusts: what an interceptor shows.
export function forgedChain(dir, host) {
    mkdirSync(dir, { recursive: true });
    const at = (name) => join(dir, name);
    openssl(['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '900',
        '-subj', '/O=Cafe Proxy/CN=Cafe Proxy CA', '-keyout', at('ca.key'), '-out', at('ca.pem')]);
    openssl(['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=${host}`,
        '-keyout', at('leaf.key'), '-out', at('leaf.csr')]);
    openssl(['x509', '-req', '-in', at('leaf.csr'), '-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial',
        '-days', '300', '-out', at('leaf.pem')]);
    return [certificate(readFileSync(at('leaf.pem'), 'utf8')), certificate(readFileSync(at('ca.pem'), 'utf8'))];
}

export class Device {
    constructor({ origin, ca, dir, name }) {
        Object.assign(this, { origin, ca, name, dir, seq: 0 });
        mkdirSync(dir, { recursive: true, mode: 0o700 });
    }

    send(method, path, { headers = {}, body, mutual = false } = {}) {
        return new Promise((done, fail) => {
            const request = https.request(`${this.origin}${path}`, {
                method,
                headers: { ...headers, ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }) },
                ca: this.ca,
                agent: false,
                timeout: 15_000,
                ...(mutual ? { key: this.key, cert: this.cert } : {}),
            }, (answer) => {
                const parts = [];
                answer.on('data', (part) => parts.push(part));
                answer.on('end', () => done({ status: answer.statusCode, body: Buffer.concat(parts).toString('utf8') }));
            });
            request.on('error', fail);
            request.on('timeout', () => request.destroy(new Error(`${method} ${path}: no answer`)));
            request.end(body);
        });
    }

    async enrol(token) {
        const key = join(this.dir, 'key.pem');
        openssl(['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', key]);
        const csr = openssl(['req', '-new', '-key', key, '-subj', `/CN=${this.name}`, '-outform', 'DER']);
        const answer = await this.send('POST', '/.well-known/est/simpleenroll', {
            headers: {
                Authorization: `Basic ${Buffer.from(`picket:${token}`).toString('base64')}`,
                'Content-Type': 'application/pkcs10',
                'X-Picket-Name': this.name,
                'X-Picket-Platform': 'linux',
            },
            body: csr.toString('base64'),
        });
        if (answer.status !== 200) {
            throw new Error(`enrolment: ${answer.status} ${answer.body}`);
        }
        const all = openssl(['pkcs7', '-inform', 'DER', '-print_certs'], Buffer.from(answer.body, 'base64')).toString();
        this.cert = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/.exec(all)?.[0];
        this.key = readFileSync(key);
    }

    // observations: [{kind, on?, body}]; numbered and dated here, one second apart, the last one now.
    report(observations) {
        const now = Date.now();
        const list = observations.map(({ kind, on, body }, i) => ({
            seq: ++this.seq,
            at: new Date(now - (observations.length - 1 - i) * 1000).toISOString(),
            kind,
            ...(on ? { on } : {}),
            [kind]: body,
        }));
        return this.send('POST', '/v1/report', {
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify({ v: 1, observations: list }),
            mutual: true,
        });
    }
}
