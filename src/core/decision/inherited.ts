import { isSameEntry } from '../application/interning.js';
import type { Application, Operation } from '../application/types.js';
import { hasEnded, isSameOperation } from './observations.js';
import { revisionKey } from './target.js';

/**
 * Up to 3.5 Argo CD writes the state of an operation by a merge patch. Where the former state was
 * not removed first (argocd-server and auto-sync do so, a patch of `operation` and a RollingSync do
 * not), an operation begins with the result, the revision and the retry count of the one before it,
 * and has them until it writes its own. One that ends in an Error may never do so.
 */
export interface Reported {
  /** As the object had it. */
  readonly operation: Operation;
  /** What the operation may still carry of another one. */
  readonly inherited?: Operation;
}

/** An Application whose operation has only what is its own, and what was reported of it. */
export interface Owned {
  readonly application: Application;
  readonly reported?: Reported;
}

/** @param before what was reported of the snapshot before; absent: no operation, or no snapshot */
export function withoutInherited(
  application: Application,
  before: Reported | undefined,
  isFirst: boolean,
): Owned {
  const { operation } = application;
  if (!operation) return { application };
  const inherited = isFirst ? atFirstLook(operation) : predecessorOf(operation, before);
  const own = inherited && ownPartOf(operation, inherited);
  if (!own) return { application, reported: { operation } };
  return { application: { ...application, operation: own }, reported: { operation, inherited } };
}

/** A revision that it was not asked for is of another operation, or the commit of a tag. */
function atFirstLook(operation: Operation): Operation | undefined {
  const isForeign = operation.asked && operation.asked.resolved.length > 0;
  return isForeign && operation.retryCount === 0 && mayCarry(operation) ? operation : undefined;
}

function predecessorOf(operation: Operation, before: Reported | undefined): Operation | undefined {
  if (!before) return undefined;
  return isSameOperation(before.operation, operation) ? before.inherited : before.operation;
}

/** @returns undefined where nothing is left of the one before */
function ownPartOf(operation: Operation, inherited: Operation): Operation | undefined {
  const { tags: _tags, ofPresentSpec: _ofPresentSpec, asked, ...rest } = operation;
  const retryCount = operation.retryCount === inherited.retryCount ? 0 : operation.retryCount;
  if (mayCarry(operation) && hasSameResult(operation, inherited)) {
    const message = operation.message === inherited.message ? '' : operation.message;
    return { ...rest, revisions: asked ?? rest.revisions, results: [], retryCount, message };
  }
  return retryCount === operation.retryCount ? undefined : { ...operation, retryCount };
}

function mayCarry(operation: Operation): boolean {
  return !hasEnded(operation) || operation.phase === 'Error';
}

function hasSameResult(a: Operation, b: Operation): boolean {
  const same = a.results.every((each, i) => {
    const other = b.results[i];
    return other !== undefined && isSameEntry(each, other);
  });
  if (!same || a.results.length !== b.results.length) return false;
  return a.results.length > 0 || revisionKey(a.revisions) === revisionKey(b.revisions);
}
