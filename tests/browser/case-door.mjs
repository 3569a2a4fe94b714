// case-door.mjs - getting in: no session, wrong links, the one-time link, used twice.
import { auditPage } from './audit.mjs';
import { expect, same } from './tally.mjs';

export async function door(t, { page, origin, link, watch }) {
    await t.check('without a session every address shows the sign-in page', async () => {
        await page.goto(`${origin}/#/devices`);
        await page.getByRole('heading', { name: 'Sign in to Picket' }).waitFor();
        same(await page.getByRole('navigation').count(), 0, 'navigation before signing in');
        await page.getByText('Where do I get a link?').waitFor();
        await auditPage(page, 'the sign-in page');
    });

    await t.check('the page audit finds the faults it looks for', async () => {
        const other = await watch.page();
        await other.goto(`${origin}/`);
        await other.getByRole('heading', { name: 'Sign in to Picket' }).waitFor();
        await other.evaluate(() => {
            const faint = document.createElement('p');
            faint.textContent = 'faint words';
            faint.style.color = 'rgb(128 128 128 / 60%)';
            const wide = document.createElement('div');
            wide.style.width = '3000px';
            wide.append('wide');
            const field = document.createElement('input');
            const tiny = document.createElement('button');
            tiny.textContent = 'x';
            tiny.style.cssText = 'width: 8px; height: 8px; padding: 0; border: 0; min-height: 0';
            tiny.setAttribute('aria-controls', 'nowhere');
            const group = document.createElement('div');
            group.setAttribute('role', 'group');
            group.textContent = 'what is this';
            document.querySelector('main').append(faint, field, document.createElement('button'), new Image(), wide, tiny, group);
            document.documentElement.lang = '';
        });
        const found = await auditPage(other, 'a broken page').then(() => '', (error) => error.message);
        for (const fault of ['contrast', 'no name: <input', 'no name: <button', 'no alt', 'sideways', 'smaller than 24', 'which is not there',
            'a group without a name', 'the language is']) {
            expect(found.includes(fault), `the audit does not see '${fault}':\n${found}`);
        }
        await other.context().close();
    });

    await t.check('the page comes with a strict content security policy', async () => {
        const answer = await page.request.get(`${origin}/`);
        const policy = answer.headers()['content-security-policy'] ?? '';
        for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'"]) {
            expect(policy.includes(part), `no ${part} in '${policy}'`);
        }
        expect(!policy.includes('unsafe'), `'${policy}' allows something unsafe`);
    });

    await t.check('a wrong token is refused in clear words', async () => {
        await page.getByLabel('Sign-in link or token').fill('0123456789abcdef0123456789abcdef');
        await page.getByRole('button', { name: 'Sign in' }).click();
        await page.getByRole('alert').getByText('This sign-in link does not work any more').waitFor();
    });

    await t.check('the one-time link signs in and leaves the address bar', async () => {
        await page.goto('about:blank');
        await page.goto(link);
        await page.getByRole('heading', { name: 'Overview' }).waitFor();
        const token = link.slice(link.lastIndexOf('/') + 1);
        expect(token.length >= 16 && !page.url().includes(token), `the address still tells the token: ${page.url()}`);
        expect((await page.locator('.who').textContent())?.includes('owner'), 'the role is not shown');
    });

    await t.check('the same link does not work twice', async () => {
        const other = await watch.page();
        await other.goto(link);
        await other.getByRole('alert').getByText('This sign-in link does not work any more').waitFor();
        await other.context().close();
    });

    await t.check('a pasted link works as well as an opened one', async () => {
        const made = await page.request.post(`${origin}/api/v1/users/signin-link`, {
            headers: { 'X-Picket-Request': '1' }, data: { name: 'Vera', role: 'viewer' },
        });
        same(made.status(), 201, 'status');
        const other = await watch.page();
        await other.goto(`${origin}/`);
        await other.getByLabel('Sign-in link or token').fill(`  ${(await made.json()).url}\n`);
        await other.keyboard.press('Enter');
        await other.getByRole('heading', { name: 'Overview' }).waitFor();
        await other.goto(`${origin}/#/enrolment`);
        await other.getByText('Only administrators enrol devices').waitFor();
        await other.getByRole('button', { name: 'Sign out' }).click();
        await other.getByText('You are signed out.').waitFor();
        await other.context().close();
    });
}
