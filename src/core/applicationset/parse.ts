import {
  child,
  identified,
  integer,
  type Node,
  objects,
  optional,
  text,
  texts,
  withoutMiddle,
} from '../application/decode.js';
import type { ApplicationSet, RolloutStatus, RolloutStep, SetCondition } from './types.js';

/** The controller takes the annotation away when its generators have run again. */
export const SET_REFRESH_ANNOTATION = 'argocd.argoproj.io/application-set-refresh';

/**
 * Reads an ApplicationSet from the wire; what is not needed is dropped. What cannot be read is told
 * by place, in `unreadable`.
 * @param path of the value, for such a place
 * @throws DecodeError with the place where it cannot even be told which ApplicationSet it is
 */
export function parseApplicationSet(value: unknown, path = 'ApplicationSet'): ApplicationSet {
  return identified(value, path, 'ApplicationSet', fieldsOf, NOTHING_READ);
}

function fieldsOf(root: Node) {
  const metadata = child(root, 'metadata');
  const status = child(root, 'status');
  const rollout = objects(status, 'applicationStatus').map(rolloutOf);
  return {
    generation: integer(metadata, 'generation') ?? 0,
    deleting: text(metadata, 'deletionTimestamp') !== '',
    refreshing: text(child(metadata, 'annotations'), SET_REFRESH_ANNOTATION) !== '',
    specWrittenAt: specWrittenAt(metadata),
    conditions: objects(status, 'conditions').map(conditionOf),
    applications: applicationsOf(status, rollout),
    ...stepsOf(child(root, 'spec')),
    rollout,
  };
}

/** What an ApplicationSet without any field is. */
const NOTHING_READ = fieldsOf({ value: {}, path: '' });

/** By the records that the API server keeps of who wrote what; a first spec came with the object. */
function specWrittenAt(metadata: Node): string {
  const latest = objects(metadata, 'managedFields')
    .filter((each) => optional(child(each, 'fieldsV1'), 'f:spec') !== undefined)
    .map((each) => text(each, 'time'))
    .sort()
    .at(-1);
  if (latest !== undefined) return latest;
  return integer(metadata, 'generation') === 1 ? text(metadata, 'creationTimestamp') : '';
}

function conditionOf(condition: Node): SetCondition {
  return {
    type: text(condition, 'type'),
    status: text(condition, 'status'),
    reason: text(condition, 'reason'),
    message: withoutMiddle(text(condition, 'message')),
  };
}

/** The controller may keep only the first of thousands of resources. */
function applicationsOf(status: Node, rollout: readonly RolloutStatus[]): readonly string[] {
  const names = [
    ...objects(status, 'resources').map((each) => text(each, 'name')),
    ...rollout.map(({ application }) => application),
  ];
  return [...new Set(names)].filter((name) => name !== '').sort();
}

function stepsOf(spec: Node): Pick<ApplicationSet, 'steps'> {
  const strategy = child(spec, 'strategy');
  const rolling = optional(strategy, 'rollingSync');
  if (text(strategy, 'type') !== 'RollingSync' || !rolling) return {};
  return { steps: objects(rolling, 'steps').map(stepOf) };
}

function stepOf(step: Node): RolloutStep {
  const most = step.value['maxUpdate'];
  return { maxUpdate: typeof most === 'number' ? String(most) : text(step, 'maxUpdate') };
}

function rolloutOf(status: Node): RolloutStatus {
  const step = Number(text(status, 'step'));
  return {
    application: text(status, 'application'),
    status: text(status, 'status'),
    step: Number.isSafeInteger(step) && step > 0 ? step : 0,
    targetRevisions: texts(status, 'targetRevisions'),
  };
}
