import { type Answer, retryAfterMs, sayingOf, withoutQuery } from '../../http/answers.js';
import { TerminalError, TransientError } from '../../platform/errors.js';
import { describeAccess, type ResourceAttributes, roleFor } from './rbac.js';

/** What an answer that is not a success means. */
export function refusal(
  answer: Answer,
  attributes: ResourceAttributes,
  server: string,
): TerminalError | TransientError {
  const said = sayingOf(answer);
  const where = `${server} answered ${answer.status} to ${describeAccess(attributes)}`;
  switch (answer.status) {
    case 401:
      return new TerminalError(
        'unauthorized',
        `${server} does not accept the credentials (401, also after they were read again): ${said}`,
        'Check the token or the user of the kubeconfig: it may have expired, belong to another cluster, or have an audience that the API server does not expect.',
      );
    case 403:
      return new TerminalError(
        'forbidden',
        `${server} denied permission to ${describeAccess(attributes)}: ${said}`,
        roleFor(attributes, said),
      );
    case 404:
      return notFound(attributes, server, said);
    case 400:
    case 422:
      return new TerminalError('invalid-input', `${where}: ${said}`, hintFor(attributes));
  }
  if (answer.status >= 300 && answer.status < 400) {
    return new TerminalError(
      'unreachable',
      `${where} with a redirect to ${withoutQuery(answer.location)}, which a Kubernetes API never sends.`,
      'Check `server`: it must be the URL of the API server itself, without a login page in front of it.',
    );
  }
  return new TransientError(`${where}: ${said}`, retryAfterMs(answer.retryAfter));
}

function hintFor({ verb, resource }: ResourceAttributes): string {
  if (verb !== 'patch') return resource === 'applications' && verb === 'list' ? SELECTOR : '';
  return 'The API server rejected the change that `trigger` makes, perhaps by an admission policy. Fix what it reports, or remove `trigger`.';
}

const SELECTOR = 'Check the input selector:\nwith:\n  selector: team=shop,stage!=test';

const CREATED_AGAIN = `It was deleted in the meantime. To wait until it is created again:
with:
  if-missing: wait`;

function notFound(attributes: ResourceAttributes, server: string, said: string): TerminalError {
  if (attributes.name !== undefined) {
    const object = `${attributes.resource} "${attributes.name}" in namespace "${attributes.namespace}"`;
    return new TerminalError(
      'missing',
      `${server} has no ${object}: ${said}`,
      attributes.resource === 'applications' ? CREATED_AGAIN : '',
    );
  }
  return new TerminalError(
    'missing',
    `${server} has no resource type ${attributes.resource}.${attributes.group}: ${said}`,
    'Check that this is the cluster that Argo CD itself runs in (`server`, or `context` of the kubeconfig).',
  );
}
