// watch.mjs - a browser whose pages report what must never happen: errors in the console, violations
// of the content security policy, requests to anywhere else.
import { chromium } from 'playwright-core';

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'];

export async function openBrowser() {
    return chromium.launch({ executablePath: process.env.PICKET_CHROMIUM ?? '/usr/bin/chromium', args: ARGS });
}

export class Watch {
    errors = [];
    violations = [];
    foreign = [];
    refused = []; // answers of 400 and above: "METHOD /path STATUS"
    down = false; // set while the server is stopped on purpose

    constructor(browser, origin) {
        this.browser = browser;
        this.origin = origin;
    }

    async page(options = {}) {
        const context = await this.browser.newContext({
            ignoreHTTPSErrors: true, viewport: { width: 1280, height: 860 }, locale: 'en-GB', ...options,
        });
        context.setDefaultTimeout(30_000);
        const page = await context.newPage();
        await page.exposeBinding('reportViolation', (_source, text) => this.violations.push(text));
        await page.addInitScript(() => {
            document.addEventListener('securitypolicyviolation', (e) => {
                window.reportViolation(`${e.violatedDirective}: ${e.blockedURI} at ${e.sourceFile ?? ''}:${e.lineNumber}`);
            });
        });
        page.on('console', (message) => {
            // Chromium writes a line for every refused or failed request; those are judged by their own lists.
            if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
                this.errors.push(message.text());
            }
        });
        page.on('pageerror', (error) => this.errors.push(error.stack ?? error.message));
        page.on('request', (request) => {
            const url = request.url();
            if (!url.startsWith(`${this.origin}/`) && !/^(data|blob):/.test(url)) {
                this.foreign.push(url);
            }
        });
        page.on('response', (response) => {
            if (response.status() >= 400 && !this.down) {
                this.refused.push(`${response.request().method()} ${new URL(response.url()).pathname} ${response.status()}`);
            }
        });
        page.on('requestfailed', (request) => {
            const why = request.failure()?.errorText ?? '';
            if (!this.down && why !== 'net::ERR_ABORTED') {
                this.errors.push(`${request.url()}: ${why}`);
            }
        });
        return page;
    }
}
