import { type Answer, retryAfterMs, sayingOf, withoutQuery } from '../../http/answers.js';
import { type Json, record, text } from '../../http/json.js';
import { TerminalError, TransientError } from '../../platform/errors.js';

/** What a request wants to do with which Applications, for messages and for the policy to add. */
export interface ArgocdAction {
  readonly action: 'get' | 'sync';
  /** `namespace/name`, or what else messages call it. */
  readonly what: string;
  /** `PROJECT/APPLICATION` as Argo CD's policies name it; placeholders where it is not known. */
  readonly object: string;
}

/** Of a stream or a list. */
export const LIST_ACTION: ArgocdAction = {
  action: 'get',
  what: 'Applications',
  object: 'PROJECT/APPLICATION',
};

/** The lines that allow a deed, for argocd-rbac-cm or a role of the AppProject. */
export function policyFor({ action, object }: ArgocdAction): string {
  const actions = action === 'get' ? ['get'] : ['get', action];
  const policies = actions.map((each) => `p, role:ci, applications, ${each}, ${object}, allow`);
  return [
    'Allow it in argocd-rbac-cm (`policy.csv`), or in a role of the AppProject:',
    ...policies,
    "g, THE-ACCOUNT-OR-SUBJECT-OF-YOUR-TOKEN, role:ci   # not for a project's own role",
  ].join('\n');
}

/** What an answer of the API server that is not a success means. */
export function refusal(
  answer: Answer,
  action: ArgocdAction,
  server: string,
): TerminalError | TransientError {
  const said = sayingOf(answer, messageIn);
  const where = `${server} answered ${answer.status} when asked to ${action.action} ${action.what}`;
  switch (answer.status) {
    case 401:
      return new TerminalError(
        'unauthorized',
        `${server} does not accept argocd-token (401): ${said}`,
        'Check `argocd-token`: expired, revoked, cut, or of another Argo CD. A new one: `argocd account generate-token --account ci`, or `argocd proj role create-token PROJECT ROLE`.',
      );
    case 403:
      return new TerminalError(
        'forbidden',
        `${server} does not allow to ${action.action} ${action.what}: ${said}`,
        policyFor(action),
      );
    case 404:
      return new TerminalError('invalid-input', `${where}: ${said}`, PATH_HINT);
    case 400:
      return new TerminalError('invalid-input', `${where}: ${said}`, REFUSED[action.action]);
  }
  if (answer.status >= 300 && answer.status < 400) {
    return new TerminalError(
      'unreachable',
      `${where}: it sends elsewhere (${withoutQuery(answer.location)}), which the Argo CD API does not.`,
      'Check `argocd-server`: it must reach Argo CD itself, with no login page before it.',
    );
  }
  return new TransientError(`${where}: ${said}`, retryAfterMs(answer.retryAfter));
}

const PATH_HINT =
  'Check `argocd-server`: with `--rootpath` on the server, the URL needs that path (https://example.com/argocd).';

/** Argo CD has one code for a request it cannot read and for one that the Application does not allow. */
const REFUSED: Readonly<Record<ArgocdAction['action'], string>> = {
  get: `Check \`selector\`, which is one of labels as kubectl takes it, and \`application\`:
with:
  selector: team=shop,stage!=test`,
  sync: `Argo CD does not begin such a sync: the revision is none that the source has, or the settings of the Application or of the server forbid it. Correct what it says. Where auto-sync is on it syncs by itself, and only has to look:
with:
  trigger: refresh`,
};

/** What to ask oneself where an answer is no JSON. */
export const NOT_API_HINT =
  'is `argocd-server` the URL of Argo CD, with its `--rootpath` if it has one?';

/** A fault within a stream, as the answer it would have been before the stream began. */
export function answerIn(error: unknown): Answer {
  const { http_code: status, message } = record(error);
  return {
    status: typeof status === 'number' ? status : 500,
    type: 'application/json',
    retryAfter: '',
    location: '',
    body: JSON.stringify({ message: text(message) || JSON.stringify(error) }),
  };
}

/** The `message` of a gRPC status, in its forms. */
function messageIn(body: Json): string {
  return text(body.message) || text(record(body.error).message) || text(body.error);
}
