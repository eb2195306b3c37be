import { waitWhole } from '../__tests__/support/whole-wait.ts';
import { TIMEOUTS } from '../src/http/transport.js';
import { WATCH_TIMEOUTS } from '../src/sources/kubernetes/protocol.js';

/**
 * The side of `npm run soak` that waits, in a process of its own so that its memory is its own.
 * Told by its parent where the server is; tells every version that was delivered, and its memory.
 */

export interface Task {
  /** Of the step that waits. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly sampleMs: number;
}

export type Telling =
  | { readonly kind: 'version'; readonly version: string }
  | { readonly kind: 'trouble' }
  | { readonly kind: 'memory'; readonly heap: number; readonly rss: number }
  | { readonly kind: 'end'; readonly conclusion: string; readonly reason: string };

function tell(telling: Telling): void {
  process.send?.(telling);
}

/** What is left after everything that can go is gone. */
function sample(): void {
  globalThis.gc?.();
  const { heapUsed: heap, rss } = process.memoryUsage();
  tell({ kind: 'memory', heap, rss });
}

async function soak({ inputs, sampleMs }: Task): Promise<void> {
  const { silenceTimeoutMs, idleTimeoutMs, listDeadlineMs, staleAfterMs } = WATCH_TIMEOUTS;
  const timer = setInterval(sample, sampleMs);
  const { report } = await waitWhole({
    inputs,
    // The patience of a real run; only whoever waits in vain is to notice sooner.
    timing: {
      silenceTimeoutMs,
      idleTimeoutMs,
      listDeadlineMs,
      staleAfterMs,
      idleMs: TIMEOUTS.idleMs,
    },
    forget: true,
    onEvent(event) {
      if (event.kind === 'application') {
        tell({ kind: 'version', version: event.application.resourceVersion });
      }
      if (event.kind === 'unreachable') tell({ kind: 'trouble' });
    },
  });
  clearInterval(timer);
  tell({ kind: 'end', conclusion: report.conclusion, reason: report.reason });
}

process.once('message', (task: Task) => {
  soak(task).finally(() => process.disconnect());
});
