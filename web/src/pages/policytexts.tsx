// policytexts.tsx - the organisation's own words for threats: original and own beside each other as people see them.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ApiError } from '../api/client';
import { get, put } from '../api/client';
import type { OwnText, TextWords, Texts } from '../api/policytypes';
import { asApiError, useResource } from '../app/resource';
import { t, tn } from '../app/words';
import { Card, Empty, ProblemBox, ResourceView } from '../ui/basics';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { useThreats } from '../ui/threats';
import { toast } from '../ui/toast';
import { writesPolicies } from './policydraft';

const STEPS = [0, 1, 2];

const count = (text: string): number => [...text].length;

function Preview({ head, words }: { head: string; words: TextWords }): JSX.Element {
    return (
        <figure class="told-preview">
            <figcaption class="note">{head}</figcaption>
            <strong>{words.title}</strong>
            <p>{words.why}</p>
            <ol>{words.next.map((step) => <li key={step}>{step}</li>)}</ol>
        </figure>
    );
}

interface Chosen {
    threat: string;
    language: string;
}

function Field({ name, value, max, original, set }: { name: string; value: string; max: number; original: string; set: (text: string) => void }): JSX.Element {
    const mine = writesPolicies();
    return (
        <label class="field"><span>{t('{name} ({n} of {max})', { name, n: count(value), max })}</span>
            <input type="text" value={value} placeholder={original} readOnly={!mine} onInput={(e) => set(e.currentTarget.value)} /></label>
    );
}

function Editor({ of, onSaved }: { of: Chosen; onSaved: () => void }): JSX.Element {
    const one = useResource<Texts>(`text ${of.threat} ${of.language}`, (signal) => get('/texts', { query: { ...of }, signal }));
    return <ResourceView of={one} lines={8}>{(texts) => texts.words
        ? <Form key={`${texts.words.threat} ${texts.words.language} ${texts.version}`} texts={texts} words={texts.words} onSaved={() => { one.reload(); onSaved(); }} /> : <></>}</ResourceView>;
}

function Form({ texts, words: w, onSaved }: { texts: Texts; words: NonNullable<Texts['words']>; onSaved: () => void }): JSX.Element {
    const [title, setTitle] = useState(w.own?.title ?? '');
    const [why, setWhy] = useState(w.own?.why ?? '');
    const [next, setNext] = useState<string[]>(STEPS.map((i) => w.own?.next?.[i] ?? ''));
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState<ApiError | null>(null);
    const steps = next.map((s) => s.trim()).filter((s) => s !== '');
    const own: OwnText = {
        threat: w.threat, language: w.language,
        ...(title.trim() ? { title: title.trim() } : {}), ...(why.trim() ? { why: why.trim() } : {}), ...(steps.length > 0 ? { next: steps } : {}),
    };
    const empty = own.title === undefined && own.why === undefined && own.next === undefined;
    const save = (text: OwnText | null): void => {
        const others = texts.items.filter((other) => other.threat !== w.threat || other.language !== w.language);
        setBusy(true);
        setError(null);
        put<Texts>('/texts', { texts: text ? [...others, text] : others, replaces: texts.version }).then(() => {
            toast(text ? t('In force from the next alert on') : t('The original words again'));
            onSaved();
        }, (e: unknown) => setError(asApiError(e))).finally(() => setBusy(false));
    };
    return (
        <div class="form">
            <div class="told-previews">
                <Preview head={t('Original')} words={w.original} />
                <Preview head={t('What people will read')} words={{ title: own.title ?? w.original.title, why: own.why ?? w.original.why, next: own.next ?? w.original.next }} />
            </div>
            {w.careful && <p class="note">{t('A warning of this may put the person in danger: notifications and letters do not name it, these words stand on the person’s page only.')}</p>}
            <Field name={t('Title')} value={title} max={80} original={w.original.title} set={setTitle} />
            <Field name={t('Why; with the title 140')} value={why} max={140} original={w.original.why} set={setWhy} />
            {STEPS.map((i) => <Field key={i} name={t('Step {n}', { n: i + 1 })} value={next[i] ?? ''} max={100} original={w.original.next[i] ?? ''}
                set={(text) => setNext((now) => now.map((s, n) => n === i ? text : s))} />)}
            {error && <ProblemBox error={error} />}
            {writesPolicies() && (
                <div class="form-end">
                    {w.own && <button type="button" class="button" disabled={busy} onClick={() => save(null)}>{t('Reset to the original')}</button>}
                    <button type="button" class="button primary" disabled={busy || empty} onClick={() => save(own)}>{t('Save')}</button>
                </div>
            )}
        </div>
    );
}

export function PolicyTexts(): JSX.Element {
    const list = useResource<Texts>('texts', (signal) => get('/texts', { signal }));
    const threats = useThreats();
    const [chosen, setChosen] = useState<Chosen>({ threat: '', language: 'en' });
    const first = threats[0]?.id ?? '';
    useEffect(() => {
        setChosen((now) => now.threat === '' ? { ...now, threat: first } : now);
    }, [first]);
    const columns: Column<OwnText>[] = [
        { id: 'threat', head: t('Threat'), kind: 'main', cell: (own) => <button type="button" class="button" onClick={() => setChosen({ threat: own.threat, language: own.language })}>{own.threat}</button> },
        { id: 'language', head: t('Language'), cell: (own) => own.language },
        { id: 'title', head: t('Own title'), cell: (own) => own.title ?? t('the original') },
    ];
    return (
        <ResourceView of={list} lines={8}>
            {(texts) => (
                <>
                    <Card title={t('Words for people')} note={t('in alerts, letters and on the person’s page')}>
                        <div class="form-row">
                            <label class="field grow"><span>{t('Threat')}</span>
                                <select value={chosen.threat} onChange={(e) => setChosen({ ...chosen, threat: e.currentTarget.value })}>
                                    {threats.map(({ id }) => <option key={id} value={id}>{id}</option>)}
                                </select></label>
                            <label class="field"><span>{t('Language')}</span>
                                <select value={chosen.language} onChange={(e) => setChosen({ ...chosen, language: e.currentTarget.value })}>
                                    {texts.languages.map((l) => <option key={l.code} value={l.code}>{l.name}</option>)}
                                </select></label>
                        </div>
                        {chosen.threat && <Editor of={chosen} onSaved={list.reload} />}
                    </Card>
                    <Card title={t('Own words')} note={tn('{n} text', '{n} texts', texts.items.length)}>
                        {texts.items.length === 0 ? <Empty icon="policy" title={t('All words are the original ones')} />
                            : <Table caption={t('Own words')} columns={columns} rows={texts.items} keyOf={(own) => `${own.threat} ${own.language}`} />}
                    </Card>
                </>
            )}
        </ResourceView>
    );
}
