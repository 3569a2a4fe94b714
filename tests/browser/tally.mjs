// tally.mjs - runs named checks one after another, keeps count, goes on after a failure.
export class Tally {
    passed = 0;
    failed = 0;

    async check(name, body) {
        const began = Date.now();
        try {
            const note = await body();
            this.passed++;
            console.log(`ok      ${name}${note ? ` (${note})` : ''} [${Date.now() - began} ms]`);
            return true;
        } catch (error) {
            this.failed++;
            const text = String(error?.message ?? error).replace(/\u001b\[[0-9;]*m/g, '');
            console.log(`FAILED  ${name} [${Date.now() - began} ms]\n        ${text.split('\n').join('\n        ')}`);
            return false;
        }
    }

    end() {
        console.log(`${this.passed} passed, ${this.failed} failed`);
        return this.failed === 0 && this.passed > 0 ? 0 : 1;
    }
}

export function expect(condition, why) {
    if (!condition) {
        throw new Error(why);
    }
}

export function same(got, wanted, what) {
    expect(got === wanted, `${what}: got ${JSON.stringify(got)}, wanted ${JSON.stringify(wanted)}`);
}

export function none(list, what) {
    expect(list.length === 0, `${list.length} ${what}:\n${list.slice(0, 30).join('\n')}`);
}

// Asks until the answer is true, or the time is up.
export async function until(what, ms, ask) {
    const end = Date.now() + ms;
    for (;;) {
        const answer = await ask();
        if (answer) {
            return answer;
        }
        if (Date.now() > end) {
            throw new Error(`${what}: not within ${ms} ms`);
        }
        await new Promise((done) => setTimeout(done, 50));
    }
}
