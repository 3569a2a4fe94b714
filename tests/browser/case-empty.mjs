// case-empty.mjs - a fresh server: every page says what it is for and what to do.
const EMPTY = [
    ['#/', 'Three steps to a protected device'],
    ['#/incidents', 'No incidents so far'],
    ['#/devices', 'No devices yet'],
    ['#/apps', 'No apps yet'],
    ['#/apps/exceptions', 'No exceptions'],
    ['#/mistakes', 'No mistake is in force'],
    ['#/apps/known', 'No threat intelligence of your own yet'],
    ['#/privacy', 'A device can send the fields below and nothing else'],
    ['#/privacy/erasures', 'Nobody asked to be forgotten'],
    ['#/privacy/employee', 'What your organisation can never see'],
    ['#/reports/plans', 'No report is sent by mail'],
    ['#/crowd', 'Nothing is bad right now'],
    ['#/crowd/map', 'No place is known well enough yet'],
    ['#/crowd/exchange', 'This server takes part in no exchange'],
    ['#/enrolment', 'No tokens'],
    ['#/system/tokens', 'No API tokens'],
    ['#/system/health', 'No SIEM or other target is set'],
];

export async function empty(t, { page, origin }) {
    for (const [at, text] of EMPTY) {
        await t.check(`the empty page ${at} says what to do`, async () => {
            await page.goto(`${origin}/${at}`);
            await page.getByText(text).first().waitFor();
        });
    }
    await t.check('the live mark says "Live"', async () => {
        await page.locator('[data-live=live]').waitFor();
    });
}
