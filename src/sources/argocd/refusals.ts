import { type Application, keyOf } from '../../core/application/types.js';
import { type Answer, inShort, retryAfterMs, sayingOf, withoutQuery } from '../../http/answers.js';
import { type Json, record, text } from '../../http/json.js';
import { TerminalError, TransientError } from '../../platform/errors.js';
import { type ArgocdIdentity, policyForRun } from './identity.js';

/** What a request asks for, for messages and for the policy to add. */
export interface ArgocdAction {
  readonly action: 'get' | 'sync';
  /** As policies call it; absent: `applications`. */
  readonly resource?: 'applicationsets';
  /** `namespace/name`, or whatever messages call it. */
  readonly what: string;
  /** `PROJECT/APPLICATION` as in Argo CD's policies; placeholders where unknown. */
  readonly object: string;
  /** Of a run that logs in without a stored token; undefined: not yet, or it has a token. */
  readonly identity?: (() => ArgocdIdentity | undefined) | undefined;
}

/** To list or to stream. */
export const LIST_ACTION: ArgocdAction = {
  action: 'get',
  what: 'Applications',
  object: 'PROJECT/APPLICATION',
};

/**
 * What policies call an Application: with its namespace only where that is not the one of Argo CD.
 * One that cannot be read has no project.
 */
export function policyObject(
  of: Pick<Application, 'namespace' | 'name' | 'controllerNamespace' | 'project'>,
): string {
  const elsewhere = of.controllerNamespace !== '' && of.controllerNamespace !== of.namespace;
  return `${of.project || 'default'}/${elsewhere ? keyOf(of) : of.name}`;
}

/** The policies that allow an action, for argocd-rbac-cm or a role of the AppProject. */
export function policyFor({ action, resource, object, identity }: ArgocdAction): string {
  const actions = action === 'get' ? ['get'] : ['get', action];
  const run = identity?.();
  if (run !== undefined && run.subject !== '') return policyForRun(run, object, actions, resource);
  const policies = actions.map(
    (each) => `p, role:ci, ${resource ?? 'applications'}, ${each}, ${object}, allow`,
  );
  return [
    'Allow it in argocd-rbac-cm (`policy.csv`), or in a role of the AppProject:',
    ...policies,
    "g, THE-ACCOUNT-OR-SUBJECT-OF-YOUR-TOKEN, role:ci   # not for a project's own role",
  ].join('\n');
}

/** What an answer that is not a success means. */
export function refusal(
  answer: Answer,
  action: ArgocdAction,
  server: string,
): TerminalError | TransientError {
  const said = sayingOf(answer, messageIn);
  const where = `${server} answered ${answer.status} when asked to ${action.action} ${action.what}`;
  switch (answer.status) {
    case 401:
      if (action.identity) return loginNotAccepted(server, said);
      return new TerminalError(
        'unauthorized',
        `${server} does not accept argocd-token (401): ${said}`,
        'Check `argocd-token`: it may be expired, revoked, cut off, or from another Argo CD. Create a new one with `argocd account generate-token --account ci` or `argocd proj role create-token PROJECT ROLE`.',
      );
    case 403:
      if (action.action === 'sync' && OF_WINDOW.test(said)) {
        return new TerminalError('sync-window', `${where}: ${said}`, BY_WINDOW);
      }
      return new TerminalError(
        'forbidden',
        `${server} denied permission to ${action.action} ${action.what}: ${said}`,
        policyFor(action),
      );
    case 404:
      return new TerminalError('invalid-input', `${where}: ${said}`, PATH_HINT);
    case 400:
      return new TerminalError('invalid-input', `${where}: ${said}`, remedyOfBadRequest(action));
  }
  if (isRedirect(answer)) return redirected(answer, where);
  return new TransientError(`${where}: ${said}`, retryAfterMs(answer.retryAfter));
}

/** Argo CD's words where a sync window, and no policy, forbids a manual sync. */
const OF_WINDOW = /cannot sync: (?:blocked by|invalid) sync window/;

const BY_WINDOW = `A sync window of the AppProject denies manual syncs. Change it, set \`manualSync: true\` in it, or sync when it lets you. To wait for auto-sync instead:
with:
  trigger: refresh`;

/** Dex has given the token, Argo CD refuses it, also a new one. */
function loginNotAccepted(server: string, said: string): TerminalError {
  return new TerminalError(
    'unauthorized',
    `${server} does not accept the token that its own Dex has given for GitHub's (401): ${said}`,
    'Check `url` in argocd-cm: it must be the address that the server is known by, as Dex derives its issuer from it. Then look at the log of argocd-server, which has the cause.',
  );
}

export function isRedirect({ status }: Answer): boolean {
  return status >= 300 && status < 400;
}

/** @param where the beginning of the message: who answered what */
export function redirected({ location }: Answer, where: string): TerminalError {
  return new TerminalError(
    'unreachable',
    `${where} with a redirect to ${withoutQuery(location)}, which the Argo CD API never sends.`,
    'Check `argocd-server`: it must reach Argo CD itself, without a login page in front of it.',
  );
}

export const PATH_HINT =
  'Check `argocd-server`: if the server runs with `--rootpath`, the URL must include that path (https://example.com/argocd).';

/** Argo CD answers 400 to a malformed request and to one that the Application does not allow. */
function remedyOfBadRequest({ action, what }: ArgocdAction): string {
  if (action === 'sync') return SYNC_REFUSED;
  return what === LIST_ACTION.what ? LIST_REFUSED : '';
}

const LIST_REFUSED = `Check \`selector\`, a label selector as kubectl takes it, and \`application\`:
with:
  selector: team=shop,stage!=test`;

const SYNC_REFUSED = `Argo CD refused to start this sync: the source has no such revision, or the settings of the Application or of the server forbid it. Fix what the message reports. With auto-sync on, Argo CD syncs on its own and only needs a refresh:
with:
  trigger: refresh`;

/** What to check where an answer is not JSON. */
export const NOT_API_HINT =
  'is `argocd-server` the URL of Argo CD, with its `--rootpath` if it has one?';

/** An error within a stream, as the answer that it would have been before the stream began. */
export function answerIn(error: unknown): Answer {
  const { http_code: status, message } = record(error);
  // Not the error itself: one that is nested without end cannot be written again.
  const said = inShort(text(message) || text(error));
  return {
    status: typeof status === 'number' ? status : 500,
    type: 'application/json',
    retryAfter: '',
    location: '',
    body: said === '' ? '' : JSON.stringify({ message: said }),
  };
}

/** The `message` of a gRPC status, in any of its forms. */
function messageIn(body: Json): string {
  return text(body.message) || text(record(body.error).message) || text(body.error);
}
