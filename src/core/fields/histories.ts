import { isJson, type Json, jsonAt } from './lists.js';
import { type ResourceFields, templateFields } from './resources.js';

/**
 * What changed in the pod template of a workload, from what the cluster keeps of earlier ones: the
 * ReplicaSets of a Deployment, the ControllerRevisions of a StatefulSet or DaemonSet.
 * @param kept those that the workload owns, in any order
 * @param since RFC 3339: what was there by then is the template before
 * @returns undefined where no earlier one is kept
 */
export function historyFields(kept: readonly Json[], since: string): ResourceFields | undefined {
  const revisions = kept
    .map((each) => ({ number: revisionOf(each), at: createdAt(each), template: templateOf(each) }))
    .sort((a, b) => a.number - b.number);
  const now = revisions.at(-1);
  const before = revisions.findLast((each) => each !== now && each.at < since);
  // A template that was gone back to is kept under its old time: when that was is not told.
  if (!now?.template || revisions.some((each) => each.at > now.at)) return undefined;
  // The last one was there before: the template is as it was.
  if (now.at < since) return { changes: [], unknown: 'outside-template' };
  if (!before?.template) return undefined;
  return templateFields(before.template, now.template);
}

/** Of a ReplicaSet by annotation, of a ControllerRevision by field. */
function revisionOf(object: Json): number {
  const annotations = jsonAt(jsonAt(object, 'metadata'), 'annotations');
  return Number(object['revision'] ?? annotations['deployment.kubernetes.io/revision'] ?? 0);
}

function createdAt(object: Json): string {
  const created = jsonAt(object, 'metadata')['creationTimestamp'];
  return typeof created === 'string' ? created : '';
}

function templateOf(object: Json): Json | undefined {
  const holder = object['kind'] === 'ControllerRevision' ? jsonAt(object, 'data') : object;
  const template = jsonAt(holder, 'spec')['template'];
  if (!isJson(template)) return undefined;
  // A ControllerRevision is a patch: it says how it is to be applied.
  const { $patch: _how, ...content } = template;
  return content;
}
