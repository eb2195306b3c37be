import type { ServerResponse } from 'node:http';
import { type Fault, GARBAGE } from './faults.ts';

/**
 * The lines of one watch, and whatever fault is to befall them. A line for which the connection has
 * no room yet is not even made: thousands of Applications are never text all at once.
 */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #waiting: (() => string)[] = [];
  readonly #onBytes: (bytes: number) => void;
  #fault: Fault | undefined;
  #sent = 0;
  #state: 'open' | 'mute' | 'ending' | 'ended' = 'open';

  constructor(
    response: ServerResponse,
    fault: Fault | undefined,
    onBytes: (bytes: number) => void,
  ) {
    this.#response = response;
    this.#fault = fault;
    this.#onBytes = onBytes;
    response.on('drain', () => this.#flush());
    this.#strike();
  }

  /** @param object gives the object as JSON text, once its turn has come */
  send(type: string, object: () => string): void {
    if (this.#state !== 'open') return;
    this.#waiting.push(() => `{"type":"${type}","object":${object()}}\n`);
    this.#flush();
  }

  /** Ends in good order, as at `timeoutSeconds`. */
  end(): void {
    if (this.#state === 'mute') this.#finish();
    if (this.#state === 'ended') return;
    this.#state = 'ending';
    this.#flush();
  }

  /** The connection breaks. */
  drop(): void {
    this.#state = 'ended';
    this.#response.destroy();
  }

  #flush(): void {
    while (this.#flowing() && !this.#response.writableNeedDrain) {
      const line = this.#waiting.shift();
      if (line) this.#deliver(line());
      else if (this.#state === 'ending') this.#finish();
      else return;
    }
  }

  #flowing(): boolean {
    return this.#state === 'open' || this.#state === 'ending';
  }

  #deliver(line: string): void {
    if (this.#fault?.kind === 'resetMidLine' && this.#sent >= (this.#fault.afterEvents ?? 0)) {
      this.#state = 'ended';
      // Destroyed once the half line has left, else it might never be seen.
      this.#write(line.slice(0, line.length / 2), () => this.#response.destroy());
      return;
    }
    this.#write(line);
    this.#sent += 1;
    this.#strike();
  }

  #finish(): void {
    this.#state = 'ended';
    this.#response.end();
  }

  #strike(): void {
    const fault = this.#fault;
    if (!fault || !isStreamFault(fault) || this.#sent < (fault.afterEvents ?? 0)) return;
    if (fault.kind === 'resetMidLine') return;
    this.#fault = undefined;
    if (fault.kind === 'close') this.#finish();
    if (fault.kind === 'silence') this.#state = 'mute';
    if (fault.kind === 'garbage') this.#write(`${fault.text ?? GARBAGE}\n`);
    if (fault.kind === 'event') {
      this.#write(`${JSON.stringify(fault.event)}\n`);
      if ('type' in fault.event && fault.event.type === 'ERROR') this.#finish();
    }
  }

  #write(text: string, done?: () => void): void {
    this.#onBytes(Buffer.byteLength(text));
    this.#response.write(text, () => done?.());
  }
}

type StreamFault = Extract<Fault, { readonly afterEvents?: number }>;

function isStreamFault(fault: Fault): fault is StreamFault {
  return ['close', 'silence', 'garbage', 'event', 'resetMidLine'].includes(fault.kind);
}
