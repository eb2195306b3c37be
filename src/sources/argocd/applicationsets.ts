import { keyOf } from '../../core/application/types.js';
import { isSuccess, jsonOf } from '../../http/answers.js';
import type { Request, Transport } from '../../http/transport.js';
import { mapAtMost } from '../live-metadata.js';
import type { ObjectName } from '../source.js';
import { type ArgocdAction, NOT_API_HINT, refusal } from './refusals.js';

/** Where ApplicationSets are in the API: Argo CD tells only of one by name that a token may not read it. */

const AT_ONCE = 4;

export interface ApplicationSetReading {
  readonly transport: Transport;
  /** As messages call it. */
  readonly server: string;
  readonly identity?: ArgocdAction['identity'];
}

/** To read an ApplicationSet, or to stream its changes. */
export function readAction(
  { namespace, name }: ObjectName,
  identity: ArgocdAction['identity'],
): ArgocdAction {
  return {
    action: 'get',
    resource: 'applicationsets',
    what: `ApplicationSet ${keyOf({ namespace, name })}`,
    object: `PROJECT/${name}`,
    identity,
  };
}

/**
 * An ApplicationSet as the API writes it; undefined where it does not exist.
 * @throws TerminalError or TransientError
 */
export async function readApplicationSet(
  { transport, server, identity }: ApplicationSetReading,
  object: ObjectName,
  signal: AbortSignal,
): Promise<unknown> {
  const { namespace, name } = object;
  const request: Request = {
    path: `/api/v1/applicationsets/${encodeURIComponent(name)}`,
    query: { appsetNamespace: namespace },
    compressed: true,
    kind: 'list',
  };
  const answer = await transport.send(request, signal);
  if (answer.status === 404) return undefined;
  if (!isSuccess(answer)) throw refusal(answer, readAction(object, identity), server);
  return jsonOf(answer, server, NOT_API_HINT);
}

/**
 * Those of several ApplicationSets that exist; of each only what `reduce` returns is kept.
 * @throws TerminalError or TransientError
 */
export async function readApplicationSets<T>(
  reading: ApplicationSetReading,
  names: readonly ObjectName[],
  reduce: (object: unknown) => T | undefined,
  signal: AbortSignal,
): Promise<readonly T[]> {
  const found = await mapAtMost(AT_ONCE, names, (name) =>
    readApplicationSet(reading, name, signal),
  );
  return found.flatMap((object) => {
    const reduced = object === undefined ? undefined : reduce(object);
    return reduced === undefined ? [] : [reduced];
  });
}

/** Since Argo CD 3.4. A stream of several has all that there are. */
export function applicationSetStream(names: readonly ObjectName[]): Request {
  const [only, ...others] = names;
  const query =
    only && others.length === 0 ? { name: only.name, appSetNamespace: only.namespace } : {};
  return { path: '/api/v1/stream/applicationsets', query };
}
