import { setTimeout as sleep } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { runInContext } from 'node:vm';
import { TestEnvironment } from 'jest-environment-node';

/**
 * What a test file may not leave behind: it would keep the worker from ending, or disturb the next
 * file. Timers are those that are not unref'ed; Jest has some of its own where it starts no workers.
 */
const WATCHED = [
  ...['TCPServerWrap', 'TCPSocketWrap', 'PipeServerWrap', 'ProcessWrap'],
  ...(process.connected ? ['Timeout'] : []),
];

/** For what is being closed: a busy machine takes long over it. */
const PATIENCE_MS = 30_000;
const LOOK_AGAIN_MS = 5;

function open(): readonly string[] {
  return process.getActiveResourcesInfo().filter((each) => WATCHED.includes(each));
}

/**
 * What the language brings. Jest's global object is a proxy, which makes every use of a global a
 * hundred times slower; constants of the context's own scope hide it. A test that replaces one of
 * these would replace nothing, so it cannot: take its name out. What has to do with time is not here.
 */
const BUILT_IN = [
  ...['Array', 'Boolean', 'JSON', 'Map', 'Math', 'Number', 'Object', 'Promise', 'Proxy', 'Reflect'],
  ...['RegExp', 'Set', 'String', 'Symbol', 'WeakMap', 'WeakSet'],
  ...['AggregateError', 'Error', 'RangeError', 'SyntaxError', 'TypeError'],
];

const CONSTANTS = `const { ${BUILT_IN.join(', ')} } = globalThis;
for (const [name, value] of Object.entries({ ${BUILT_IN.join(', ')} })) {
  Object.defineProperty(globalThis, name, { get: () => value });
}`;

/**
 * An authority that signs no server of the tests, in place of all 150: a run that trusts them beside
 * its own reads each of them again, which takes longer than the rest of it.
 */
const PUBLIC = getCACertificates('bundled').slice(0, 1);

/** Node.js, and a file that leaves servers, connections, processes or timers open fails. */
export default class GuardedEnvironment extends TestEnvironment {
  // What files before have left is theirs.
  readonly #before = open().length;

  constructor(...given: ConstructorParameters<typeof TestEnvironment>) {
    super(...given);
    setDefaultCACertificates(PUBLIC);
    if (this.context) runInContext(CONSTANTS, this.context);
  }

  override async teardown(): Promise<void> {
    const left = await this.#left();
    await super.teardown();
    if (left.length > 0) {
      throw new Error(`The test file leaves ${left.join(', ')} open: close it in an afterEach.`);
    }
  }

  async #left(): Promise<readonly string[]> {
    for (let waited = 0; waited < PATIENCE_MS; waited += LOOK_AGAIN_MS) {
      if (open().length <= this.#before) return [];
      await sleep(LOOK_AGAIN_MS, undefined, { ref: false });
    }
    return open();
  }
}
