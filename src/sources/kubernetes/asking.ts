import { type Answer, isSuccess } from '../../http/answers.js';
import type { Request, Transport } from '../../http/transport.js';
import { TerminalError } from '../../platform/errors.js';
import type { Refusals } from '../refused.js';
import { inspectorRole } from './inspector-role.js';
import { describeAccess, type ResourceAttributes } from './rbac.js';
import { refusal } from './refusals.js';

/** How a look asks: nothing is asked again that was refused. */

/** What it asks with. */
export interface Asking {
  readonly transport: Transport;
  /** As messages call it. */
  readonly server: string;
  readonly refused: Refusals;
  readonly signal: AbortSignal;
}

/**
 * @returns a success or 404; nothing where it was refused
 * @throws TerminalError or TransientError
 */
export async function askFor(
  { transport, server, refused, signal }: Asking,
  request: Request,
  intent: ResourceAttributes,
): Promise<Answer | undefined> {
  const work = async () => {
    const answer = await transport.send(request, signal);
    if (isSuccess(answer) || answer.status === 404) return answer;
    throw refusedTo(answer, intent, server);
  };
  return refused.askFor(keyFor(intent), work);
}

export function keyFor({ verb, group, resource, namespace }: ResourceAttributes): string {
  return [verb, group, resource, namespace].join(' ');
}

export function refusedTo(answer: Answer, intent: ResourceAttributes, server: string): Error {
  const error = refusal(answer, intent, server);
  if (!(error instanceof TerminalError) || error.reason !== 'forbidden') return error;
  const { namespace, resource } = intent;
  // Without the name of the one object: it is the kind that is refused.
  const { name: _, ...kind } = intent;
  const message = `${server} does not allow looking within Applications: ${describeAccess(kind)}.`;
  const logs = resource === 'pods/log';
  return new TerminalError('forbidden', message, inspectorRole(namespace, error.message, logs));
}
