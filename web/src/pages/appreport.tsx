// appreport.tsx - what was found in an app file: what decided, what else it does, whom it talks to, what is in it.
import type { ComponentChildren, JSX } from 'preact';
import type { AppFinding, AppHit, AppReport } from '../api/apptypes';
import { maybe, number, t } from '../app/words';
import { SeverityBadge } from '../ui/badge';
import { Badge } from '../ui/badge';
import { Card } from '../ui/basics';
import { label, sentence } from '../ui/words';

const LIST_SHOWN = 60;
const RULES_DOC = /^https:\/\//;

export const weighs = (f: AppFinding): boolean => f.excepted === undefined && (f.verdict ?? 'none') !== 'none';

export function AttackTags({ ids }: { ids: string[] }): JSX.Element | null {
    return ids.length === 0 ? null : (
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

function FindingRow({ finding: f }: { finding: AppFinding }): JSX.Element {
    return (
        <li class="finding">
            <p class="finding-head"><SeverityBadge of={f.severity} /><strong>{f.title}</strong>
                {(f.count ?? 1) > 1 && <span class="note">{f.count}×</span>}</p>
            {f.evidence && <p class="breakable">{f.evidence}</p>}
            {f.excepted && <p class="callout">{t('Excepted here: {reason}', { reason: f.excepted })}</p>}
            <p class="sub"><span class="mono breakable">{f.rule}</span> <AttackTags ids={f.attack} /></p>
        </li>
    );
}

function Findings({ list, caption }: { list: AppFinding[]; caption: string }): JSX.Element {
    return <ul class="findings" aria-label={caption}>{list.map((f) => <FindingRow key={f.id + f.rule} finding={f} />)}</ul>;
}

function HitRows({ hits }: { hits: AppHit[] }): JSX.Element {
    return (
        <div class="scroll" tabIndex={0} role="group" aria-label={t('Known things')}>
            <table class="small-table">
                <thead><tr><th scope="col">{t('What')}</th><th scope="col">{t('Family')}</th><th scope="col">{t('Source')}</th><th scope="col">{t('Date')}</th></tr></thead>
                <tbody>
                    {hits.map((h) => (
                        <tr key={h.kind + h.value + h.source}>
                            <td>{label(h.kind)} <span class="mono breakable">{h.value}</span></td>
                            <td>{h.family ?? h.category ?? '–'}</td>
                            <td>{h.reference && RULES_DOC.test(h.reference)
                                ? <a href={h.reference} target="_blank" rel="noreferrer noopener">{h.source}</a> : h.source}</td>
                            <td>{h.date ?? '–'}</td>
                        </tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}

function Fold({ title, count, children }: { title: string; count: number; children: ComponentChildren }): JSX.Element | null {
    return count === 0 ? null : (
        <details class="fold"><summary>{title} <span class="note">{number(count)}</span></summary>{children}</details>
    );
}

function Words({ list }: { list: ComponentChildren[] }): JSX.Element {
    return (
        <ul class="inline-list">
            {list.slice(0, LIST_SHOWN).map((w, i) => <li key={i}>{w}</li>)}
            {list.length > LIST_SHOWN && <li class="note">{t('and {n} more', { n: number(list.length - LIST_SHOWN) })}</li>}
        </ul>
    );
}

function ModelFold({ model: m }: { model: NonNullable<AppReport['model']> }): JSX.Element {
    return (
        <Fold title={t('What the classifier looked at')} count={m.parts?.length ?? 0}>
            <p class="note">{m.familiar ? t('Probability {n} %.', { n: number(m.probability * 100, { minimumFractionDigits: 1, maximumFractionDigits: 1 }) })
                : t('It does not know apps of this kind, so its opinion does not count.')}</p>
            <ul class="rows">
                {(m.parts ?? []).map((p) => (
                    <li key={p.feature}><span>{sentence(p.text)}</span><span class="mono">{p.weight > 0 ? '+' : ''}{number(p.weight, { minimumFractionDigits: 2, maximumFractionDigits: 2 })}</span></li>
                ))}
            </ul>
        </Fold>
    );
}

const SDK_KIND: Record<string, string> = {
    other: t('other'), advertising: t('advertising'), analytics: t('analytics'), crash: t('crash'), framework: t('framework'),
    identification: t('identification'), location: t('location'), packer: t('packer'), payment: t('payment'), plugin: t('plugin'),
    push: t('push'), remote: t('remote'), security: t('security'), social: t('social'),
};

// Which permissions a person should read first.
const short = (permission: string): string => permission.replace(/^android\.permission\./, '');

export function ReportCards({ report: r }: { report: AppReport }): JSX.Element {
    const deciding = r.findings.filter(weighs);
    const rest = r.findings.filter((f) => !weighs(f));
    const trackers = r.sdks?.filter((s) => s.tracker) ?? [];
    const others = r.sdks?.filter((s) => !s.tracker) ?? [];
    return (
        <>
            <Card title={t('Why')}>
                <ul class="why">{r.reasons.map((reason) => <li key={reason} class="breakable">{reason}</li>)}</ul>
            </Card>
            {r.hits && r.hits.length > 0 && <Card title={t('Known from threat intelligence')}><HitRows hits={r.hits} /></Card>}
            {deciding.length > 0 && <Card title={t('What decided')}><Findings list={deciding} caption={t('What decided')} /></Card>}
            <Card title={t('What it does and what is in it')}>
                <Fold title={t('Behaviour and facts that harmless apps have, too')} count={rest.length}>
                    <Findings list={rest} caption={t('Other findings')} />
                </Fold>
                <Fold title={t('Private data that its code carries out')} count={r.leaks?.length ?? 0}>
                    <ul class="rows">
                        {(r.leaks ?? []).map((l, i) => (
                            <li key={i}><span>{t('{data} to {whom}', { data: sentence(maybe(l.data)), whom: maybe(l.to) })}<span class="sub mono breakable">{[l.source_in, l.sink_in].filter(Boolean).join(' → ')}</span></span></li>
                        ))}
                    </ul>
                </Fold>
                <Fold title={t('Permissions')} count={r.permissions.length}><Words list={r.permissions.map((p) => <span class="mono">{short(p)}</span>)} /></Fold>
                <Fold title={t('Trackers')} count={trackers.length}><Words list={trackers.map((s) => `${s.name} (${SDK_KIND[s.kind] ?? s.kind})`)} /></Fold>
                <Fold title={t("Other people's code")} count={others.length}><Words list={others.map((s) => `${s.name} (${SDK_KIND[s.kind] ?? s.kind})`)} /></Fold>
                <Fold title={t('Hosts that it names')} count={r.hosts?.length ?? 0}>
                    <Words list={(r.hosts ?? []).map((h) => <><span class="mono">{h.name}</span>{h.cleartext && <span class="note"> {t('plain HTTP')}</span>}</>)} />
                </Fold>
                <Fold title={t('Libraries whose version is known')} count={r.libraries?.length ?? 0}>
                    <ul class="rows">
                        {(r.libraries ?? []).map((l) => (
                            <li key={l.name + l.version + (l.file ?? '')}>
                                <span>{l.name} {l.version}{l.fixed && <span class="sub">{t('fixed in {version}', { version: l.fixed })}</span>}</span>
                                {l.cves && l.cves.length > 0 ? <Badge tone="high">{l.cves.join(', ')}</Badge> : <Badge tone="ok">{t('No known hole')}</Badge>}
                            </li>
                        ))}
                    </ul>
                </Fold>
                <Fold title={t('Components that any app can reach')} count={r.components?.exported?.length ?? 0}>
                    <Words list={(r.components?.exported ?? []).map((c) => <span class="mono">{c}</span>)} />
                </Fold>
                <Fold title={t('Matches of your own YARA rules')} count={r.matches?.length ?? 0}>
                    <ul class="rows">
                        {(r.matches ?? []).map((m, i) => (
                            <li key={i}><span>{m.rule}<span class="sub mono breakable">{m.file}{m.strings && `: ${m.strings.join(', ')}`}</span></span></li>
                        ))}
                    </ul>
                </Fold>
                {r.model && <ModelFold model={r.model} />}
                {r.techniques && r.techniques.length > 0 && <p class="fold-end"><span class="note">{'ATT&CK Mobile'}</span> <AttackTags ids={r.techniques} /></p>}
            </Card>
        </>
    );
}
