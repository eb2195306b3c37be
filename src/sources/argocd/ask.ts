import { type Answer, isSuccess, jsonOf } from '../../http/answers.js';
import type { Request, Transport } from '../../http/transport.js';
import { NOT_API_HINT } from './refusals.js';

/** Where to ask. */
export interface Api {
  readonly transport: Transport;
  /** As messages call it. */
  readonly server: string;
}

/**
 * The JSON that Argo CD answers a request with.
 * @param refused what an answer that is not a success means
 * @throws TerminalError or TransientError
 */
export async function ask(
  { transport, server }: Api,
  request: Request,
  refused: (answer: Answer) => Error,
  signal: AbortSignal,
): Promise<unknown> {
  const answer = await transport.send(request, signal);
  if (isSuccess(answer)) return jsonOf(answer, server, NOT_API_HINT);
  throw refused(answer);
}
