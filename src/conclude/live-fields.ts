import { resourceName } from '../core/application/types.js';
import { historyFields } from '../core/fields/histories.js';
import { lastWriteOf } from '../core/fields/ownership.js';
import { liveFields } from '../core/fields/resources.js';
import type { ApplicationResult, Change, ChangedFields } from '../core/result/vocabulary.js';
import type { LiveQuery, Source } from '../sources/source.js';
import type { Outcome } from '../wait/waits.js';
import {
  asksAbout,
  type FieldInputs,
  type Finding,
  type Results,
  type Trouble,
} from './asked-fields.js';
import type { Before } from './first-look.js';
import { queryOf } from './live-evidence.js';

export interface LiveDependencies {
  /** Where live objects can be read. */
  readonly source: Required<Pick<Source, 'reaches' | 'reader'>>;
  /** What was read before the deployment; absent: nothing was. */
  readonly before?: Before;
}

interface Question {
  readonly key: string;
  readonly change: Change;
  readonly query: LiveQuery;
  /** When the deployment began (RFC 3339). */
  readonly since: string;
}

/** By the live objects before and after, else by the pod templates that the cluster keeps. */
export async function tellLive(
  ends: Outcome['ends'],
  { told, troubles }: Finding,
  inputs: FieldInputs,
  { source, before }: LiveDependencies,
  signal: AbortSignal,
): Promise<void> {
  const open = () => questionsOf(ends, told, inputs, source);
  const all = open();
  if (all.length === 0) return;
  const reader = await source.reader();
  const tell = (question: Question, fields: ChangedFields | undefined) => {
    if (fields && !signal.aborted) addFields(told, question, fields);
  };
  const watched = all.slice(0, MOST_OBJECTS).filter((each) => objectBefore(before, each));
  const objects = await reader.objects(queriesOf(watched), signal);
  for (const [i, question] of watched.entries()) {
    const [then, now] = [objectBefore(before, question), objects[i]];
    if (now?.kind === 'unreadable') troubles.push(now);
    if (then && now?.kind === 'found') {
      tell(question, { ...liveFields(then, now.object), evidence: 'live' });
    }
  }
  const rest = open().slice(0, MOST_OBJECTS);
  const templates = await reader.templates(queriesOf(rest), signal);
  for (const [i, question] of rest.entries()) {
    const found = templates[i];
    if (found?.kind === 'unreadable') troubles.push(found);
    if (found?.kind !== 'found') continue;
    const fields = historyFields(found.kept, question.since);
    tell(question, fields && { ...fields, evidence: 'history' });
  }
  if (all.length > MOST_OBJECTS) troubles.push(TOO_MANY);
}

function queriesOf(questions: readonly Question[]): readonly LiveQuery[] {
  return questions.map(({ query }) => query);
}

const MOST_OBJECTS = 500;
const TOO_MANY: Trouble = {
  message: `More than ${MOST_OBJECTS} live objects are not read: with access to the Argo CD API (argocd-server, argocd-token), its manifests tell of all.`,
  remedy: '',
};

function questionsOf(
  ends: Outcome['ends'],
  told: Results,
  inputs: FieldInputs,
  source: LiveDependencies['source'],
): readonly Question[] {
  return [...ends].flatMap(([key, { application, deployed }]) => {
    if (!application || !deployed || !source.reaches(application)) return [];
    return (told.get(key)?.changes ?? [])
      .filter((each) => !each.fields && each.name !== '' && asksAbout(inputs, each))
      .map((change) => ({
        key,
        change,
        query: queryOf(application, change),
        since: deployed.startedAt,
      }));
  });
}

/** What Argo CD has written since the deployment began is not what was there before. */
function objectBefore(before: Before | undefined, { key, change, since }: Question) {
  const object = before?.objects.get(key)?.get(resourceName(change));
  return object && lastWriteOf(object) < since ? object : undefined;
}

function addFields(
  told: Map<string, ApplicationResult>,
  { key, change }: Question,
  fields: ChangedFields,
): void {
  const result = told.get(key);
  if (!result) return;
  const changes = result.changes.map((each) => (each === change ? { ...each, fields } : each));
  told.set(key, { ...result, changes });
}
