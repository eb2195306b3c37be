import type { ServerResponse } from 'node:http';
import { type Fault, GARBAGE } from '../api/faults.ts';
import { streamed } from './fields.ts';

/** One stream of Applications, or of ApplicationSets. */
export class Stream {
  readonly #response: ServerResponse;
  readonly #fields: string;
  readonly #field: 'application' | 'applicationSet';
  readonly #last = new Map<string, string>();
  #fault: Fault | undefined;
  #sent = 0;
  #state: 'open' | 'mute' | 'ended' = 'open';

  constructor(
    response: ServerResponse,
    fields: string,
    fault: Fault | undefined,
    field: 'application' | 'applicationSet' = 'application',
  ) {
    this.#field = field;
    this.#response = response;
    this.#fields = fields;
    this.#fault = fault;
    response.setHeader('Content-Type', 'application/json');
    this.#strike();
  }

  /** Leaves out what would be the same as the last time, by name only. */
  send(type: string, object: { readonly metadata: { readonly name: string } }): void {
    const { name } = object.metadata;
    const line = JSON.stringify(
      streamed({ result: { type, [this.#field]: object } }, this.#fields),
    );
    if (this.#state !== 'open' || this.#last.get(name) === line) return;
    this.#last.set(name, line);
    if (this.#fault?.kind === 'resetMidLine' && this.#sent >= (this.#fault.afterEvents ?? 0)) {
      this.#state = 'ended';
      this.#response.write(line.slice(0, line.length / 2), () => this.#response.destroy());
      return;
    }
    // Nothing is sent before, not even headers.
    this.#write(line);
    this.#sent += 1;
    this.#strike();
  }

  /** Says an error as the gateway does, and ends. */
  fail(httpCode: number, grpcCode: number, message: string): void {
    const error = { grpc_code: grpcCode, http_code: httpCode, message, http_status: 'Error' };
    if (this.#state === 'ended') return;
    this.#write(JSON.stringify(streamed({ error }, this.#fields)));
    this.end();
  }

  end(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#response.end();
  }

  drop(): void {
    this.#state = 'ended';
    this.#response.destroy();
  }

  #strike(): void {
    const fault = this.#fault;
    if (!fault || !('afterEvents' in fault) || this.#sent < (fault.afterEvents ?? 0)) return;
    if (fault.kind === 'resetMidLine') return;
    this.#fault = undefined;
    if (fault.kind === 'close') this.end();
    if (fault.kind === 'silence') this.#state = 'mute';
    if (fault.kind === 'garbage') this.#write(fault.text ?? GARBAGE);
    if (fault.kind === 'event') this.#write(JSON.stringify(fault.event));
  }

  #write(line: string): void {
    this.#response.write(`${line}\n`);
  }
}
