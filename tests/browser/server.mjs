// server.mjs - a real picketd on a free port of this machine, with a temporary state.
import { execFileSync, spawn } from 'node:child_process';
import dns from 'node:dns';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const READY_MS = 20_000;
const STOP_MS = 15_000;

// The server listens on 127.0.0.1 alone. Where localhost is ::1 as well, node 18 tries only the first address.
dns.setDefaultResultOrder('ipv4first');

function freePort() {
    return new Promise((done, fail) => {
        const probe = net.createServer();
        probe.once('error', fail);
        probe.listen(0, '127.0.0.1', () => {
            const { port } = probe.address();
            probe.close(() => done(port));
        });
    });
}

export class Server {
    static async create(build) {
        const server = new Server();
        server.bin = join(build, 'bin');
        server.dir = mkdtempSync(join(tmpdir(), 'picket-browser-'));
        server.state = join(server.dir, 'server');
        server.config = join(server.dir, 'picketd.yaml');
        server.log = join(server.dir, 'picketd.log');
        server.port = await freePort();
        server.origin = `https://localhost:${server.port}`;
        mkdirSync(server.state, { mode: 0o700 });
        writeFileSync(server.config, [
            `state_dir: "${server.state}"`,
            `console_dir: "${join(build, 'console')}"`,
            'names: [localhost, 127.0.0.1]',
            'listen:',
            '  address: "127.0.0.1"',
            `  port: ${server.port}`,
            '',
        ].join('\n'));
        return server;
    }

    get ca() {
        return readFileSync(join(this.state, 'ca.pem'));
    }

    ready() {
        return new Promise((done) => {
            let ca;
            try {
                ca = this.ca;
            } catch {
                done(false); // not made yet
                return;
            }
            https.get(`${this.origin}/readyz`, { ca, timeout: 2000, agent: false }, (answer) => {
                answer.resume();
                done(answer.statusCode === 200);
            }).on('error', () => done(false)).on('timeout', function () {
                this.destroy();
            });
        });
    }

    async start() {
        const log = openSync(this.log, 'a');
        this.child = spawn(join(this.bin, 'picketd'), ['--config', this.config], { stdio: ['ignore', log, log] });
        this.ended = new Promise((done) => this.child.once('exit', (code, signal) => done(signal ?? code)));
        let gone;
        this.child.once('error', (error) => {
            gone = error.message;
        });
        void this.ended.then((how) => {
            gone ??= `ended with ${how}`;
        });
        const end = Date.now() + READY_MS;
        while (!(await this.ready())) {
            if (gone !== undefined || Date.now() > end) {
                throw new Error(`picketd is not ready (${gone ?? 'time is up'}):\n${this.logTail()}`);
            }
            await new Promise((done) => setTimeout(done, 100));
        }
    }

    // Stops as an administrator would; the state stays.
    async stop() {
        if (this.child && this.child.exitCode === null && this.child.signalCode === null) {
            this.child.kill('SIGTERM');
            const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS);
            await this.ended;
            clearTimeout(timer);
        }
    }

    signinLink() {
        return execFileSync(join(this.bin, 'picketd'), ['--config', this.config, '--signin-link'],
            { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 15_000 }).trim();
    }

    logTail() {
        try {
            return readFileSync(this.log, 'utf8').split('\n').slice(-15).join('\n');
        } catch {
            return '(no log)';
        }
    }

    remove() {
        rmSync(this.dir, { recursive: true, force: true });
    }
}
