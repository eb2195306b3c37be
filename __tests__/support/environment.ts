import { setTimeout as sleep } from 'node:timers/promises';
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

/** Node.js, and a file that leaves servers, connections, processes or timers open fails. */
export default class GuardedEnvironment extends TestEnvironment {
  // What files before have left is theirs.
  readonly #before = open().length;

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
