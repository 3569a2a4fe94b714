// incident.tsx - one incident: what was seen, the proof, what was done, and what one can do.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { get, post, seg } from '../api/client';
import type { Incident, JsonObject } from '../api/types';
import { useResource } from '../app/resource';
import { deviceHref, incidentsHref, networkHref } from '../app/address';
import { may } from '../app/session';
import { number, rich, t, tn } from '../app/words';
import { Evidence } from '../evidence/evidence';
import { SeverityBadge, StateBadge } from '../ui/badge';
import { Card, Facts, PageHead, ResourceView } from '../ui/basics';
import { ReasonDialog } from '../ui/dialog';
import { isHidden, said, subjectName } from '../ui/names';
import { toast } from '../ui/toast';
import { Ago, duration, Exact } from '../ui/time';
import { confidenceWord, sentence, VECTOR_NAME } from '../ui/words';
import { DISMISS_REASONS } from './dismissing';
import { headOf, IncidentRows } from './incidentlist';
import { Timeline } from './timeline';
import { Told } from './told';

const REMEMBER: [string, string][] = [['nothing', t('this one alone')], ['device', t('the same on this device, from now on')],
    ['group', t('the same on devices of its group')], ['all', t('the same on all devices')]];
const DAYS: [number, string][] = [[7, t('a week')], [30, tn('{n} day', '{n} days', 30)], [90, tn('{n} day', '{n} days', 90)],
    [365, t('a year')], [0, t('for good')]];

interface Memory { scope: string; days: number }

// What is said to be none is remembered, so that nobody has to say it twice.
function Remember({ of, onChange, critical }: { of: Memory; onChange: (next: Memory) => void; critical: boolean }): JSX.Element {
    return (
        <>
            <p>{t('The same finding will not open it again. The reason is kept and shown here.')}</p>
            <label class="field"><span>{t('Dismiss')}</span>
                <select name="remember" value={of.scope} onChange={(e) => onChange({ ...of, scope: e.currentTarget.value })}>
                    {REMEMBER.map(([id, name]) => <option key={id} value={id}>{name}</option>)}
                </select></label>
            {of.scope !== 'nothing' && (
                <label class="field"><span>{t('For how long')}</span>
                    <select name="days" value={of.days} onChange={(e) => onChange({ ...of, days: Number(e.currentTarget.value) })}>
                        {DAYS.filter(([n]) => !critical || (n > 0 && n <= 90)).map(([n, name]) =>
                            <option key={n} value={n}>{name}</option>)}
                    </select></label>
            )}
        </>
    );
}

function bodyOf(reason: string, memory: Memory): Record<string, string> {
    if (memory.scope === 'nothing') {
        return { reason };
    }
    const until = new Date(Date.now() + memory.days * 86_400_000 - 60_000).toISOString();
    return { reason, remember: memory.scope, ...(memory.days > 0 ? { expires_at: until } : {}) };
}

function Actions({ incident, onChange }: { incident: Incident; onChange: (next: Incident) => void }): JSX.Element | null {
    const [asking, setAsking] = useState(false);
    const [memory, setMemory] = useState<Memory>({ scope: 'nothing', days: 90 });
    const closed = incident.state === 'dismissed';
    if (!may('respond') || (closed && incident.simulated)) {
        return null; // a drill that is over is not reopened
    }
    const verb = closed ? 'reopen' : 'dismiss';
    const act = async (reason: string): Promise<void> => {
        onChange(await post<Incident>(`/incidents/${seg(incident.id)}/${verb}`,
            closed ? { reason } : bodyOf(reason, memory)));
        toast(closed ? t('Incident reopened') : t('Incident dismissed'));
    };
    return (
        <>
            <button type="button" class={`button ${closed ? '' : 'primary'}`} onClick={() => setAsking(true)}>
                {closed ? t('Reopen …') : t('Dismiss …')}
            </button>
            {asking && (
                <ReasonDialog title={closed ? t('Reopen this incident') : t('Dismiss this incident')}
                    text={closed ? t('It counts again for the risk of the device.')
                        : incident.simulated ? t('A drill ends by itself; dismissing it ends it now.')
                            : <Remember of={memory} onChange={setMemory} critical={incident.severity === 'critical'} />}
                    placeholder={closed ? t('Why look at it again?') : t('Why is this no problem?')}
                    {...(closed ? {} : { suggestions: DISMISS_REASONS })}
                    confirm={closed ? t('Reopen') : t('Dismiss')} onClose={() => setAsking(false)} act={act} />
            )}
        </>
    );
}

function AttackLinks({ ids }: { ids: string[] }): JSX.Element {
    return (
        <span class="tags">
            {ids.map((id) => (
                <a key={id} class="tag" rel="noreferrer noopener" target="_blank"
                    href={`https://attack.mitre.org/techniques/${id.split('.').map(encodeURIComponent).join('/')}/`}>
                    {id}<span class="sr"> {t('(opens ATT&CK in a new tab)')}</span>
                </a>
            ))}
        </span>
    );
}

function RuleName({ rule, doc }: { rule: string; doc: string | null }): JSX.Element {
    return doc && /^(https:\/\/|\/[^/])/.test(doc)
        ? <a class="mono" href={doc} target="_blank" rel="noreferrer noopener">{rule}</a>
        : <><span class="mono breakable">{rule}</span>{doc && <span class="sub breakable">{doc}</span>}</>;
}

function SideFacts({ incident: i }: { incident: Incident }): JSX.Element {
    return (
        <Card title={t('Facts')}>
            <Facts rows={[
                [t('Device'), <a href={deviceHref(i.device.id)}>{i.device.name}</a>],
                [t('About'), isHidden(i.subject) ? <a class="breakable" href={networkHref(i.subject)}>{subjectName(i.subject)}</a>
                    : <span class="breakable">{i.subject ? subjectName(i.subject) : '–'}</span>],
                [t('Kind'), VECTOR_NAME[i.vector] ?? i.vector],
                [t('Confidence'), `${number(Math.round(i.confidence * 100))} %, ${confidenceWord(i.confidence)}`],
                [t('Seen'), tn('{n} time', '{n} times', i.count)],
                [t('First'), <Exact at={i.opened_at} />],
                [t('Last'), <Exact at={i.updated_at} />],
                [t('Lasted'), i.ended_at ? duration(i.opened_at, i.ended_at) : t('{time} so far', { time: duration(i.opened_at, null) })],
                [t('Ends when'), sentence(i.ends_when)],
                [t('Rule'), <RuleName rule={i.rule} doc={i.rule_doc} />],
                ['ATT&CK Mobile', i.attack.length > 0 ? <AttackLinks ids={i.attack} /> : '–'],
                ['NIST MTC', i.nist.length > 0
                    ? <span class="tags">{i.nist.map((n) => <span key={n} class="tag">{n}</span>)}</span> : '–'],
            ]} />
        </Card>
    );
}

// The rule's own sentence stands above the proof, not in it.
function apart(evidence: JsonObject): { seen: string; rest: JsonObject } {
    const { seen, ...rest } = evidence;
    return typeof seen === 'string' ? { seen, rest } : { seen: '', rest: evidence };
}

function Body({ incident: i }: { incident: Incident }): JSX.Element {
    const { seen, rest } = apart(i.evidence);
    return (
        <div class="columns">
            <div class="column-main">
                {i.reason && (i.state === 'dismissed') && (
                    <p class="callout"><strong>{t('Dismissed:')}</strong> {i.reason}</p>
                )}
                {seen && <p class={`lead edge-${i.severity}`}>{said(seen, i.subject)}</p>}
                {i.texts.admin && <Card title={t('What this means')}><p class="prose">{said(i.texts.admin, i.subject)}</p></Card>}
                <Card title={t('Evidence')}>
                    {Object.keys(rest).length > 0 ? <Evidence of={rest} />
                        : <p class="note">{t('The rule needs no more than the facts beside.')}</p>}
                </Card>
                <Card title={t('Same thing elsewhere')} class={i.elsewhere.length > 0 ? 'flush' : ''}>
                    {i.elsewhere.length > 0
                        ? <IncidentRows rows={i.elsewhere} caption={t('The same thing on other devices')} />
                        : <p class="note">{t('No other device has reported this.')}</p>}
                </Card>
            </div>
            <div class="column-side">
                <SideFacts incident={i} />
                <Card title={t('What the employee reads')}><Told incident={i} /></Card>
                <Card title={t('Time line')}><Timeline entries={i.timeline} /></Card>
            </div>
        </div>
    );
}

export function IncidentPage({ id }: { id: string }): JSX.Element {
    const one = useResource<Incident>(`incident ${id}`, (signal) => get<Incident>(`/incidents/${seg(id)}`, { signal }),
        (e) => e.incident?.id === id);
    const i = one.data;
    return (
        <>
            <PageHead title={i ? headOf(i) : t('Incident')}
                above={<a href={incidentsHref('state:open|mitigated')}>{t('Incidents')}</a>}
                note={i && (
                    <span class="head-facts">
                        <SeverityBadge of={i.severity} /> <StateBadge of={i.state} />
                        <span>{rich('on {device}', { device: <a href={deviceHref(i.device.id)}>{i.device.name}</a> })}</span>
                        <span>{rich('last news {time}', { time: <Ago at={i.updated_at} /> })}</span>
                    </span>
                )}>
                {i && <Actions incident={i} onChange={(next) => {
                    one.set(next);
                    one.reload();
                }} />}
            </PageHead>
            <ResourceView of={one} lines={10}>{(incident) => <Body incident={incident} />}</ResourceView>
        </>
    );
}
