import { overheard } from '../../src/conclude/before.js';
import { readLive } from '../../src/conclude/live-evidence.js';
import { decidedResults, reportOf } from '../../src/conclude/report.js';
import { parseApplication } from '../../src/core/application/parse.js';
import { resolveTarget } from '../../src/core/decision/target.js';
import { readInputs } from '../../src/inputs/index.js';
import { systemClock } from '../../src/platform/clock.js';
import { TerminalError } from '../../src/platform/errors.js';
import type { Report } from '../../src/report/report.js';
import { connect } from '../../src/sources/kubernetes/connect.js';
import { type KubernetesOptions, kubernetesSource } from '../../src/sources/kubernetes/index.js';
import type { Source, SourceEvent } from '../../src/sources/source.js';
import { waitFor } from '../../src/wait/loop.js';
import { applicationSelectors, nameOf, selectionOf } from '../../src/wait/selection.js';
import { type RecordingLog, recordingLog } from './recording-log.ts';
import { NOTHING_BESIDE } from './scripted-source.ts';

/** Silent watches are given up a hundred times sooner than usual, answers never: a machine may be busy. */
export const SCALED: NonNullable<KubernetesOptions['timing']> = {
  silenceTimeoutMs: 550,
  idleTimeoutMs: 200,
  listDeadlineMs: 1_500,
  healthyAfterMs: 300,
  staleAfterMs: 300,
  connectMs: 60_000,
  idleMs: 60_000,
  credentialsMs: 60_000,
};

export interface WholeWait {
  /** Inputs of the step, by name. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly timing?: KubernetesOptions['timing'];
  readonly pollIntervalMs?: number;
  readonly onEvent?: (event: SourceEvent) => void;
  /** Nothing is kept of what was delivered and logged. */
  readonly forget?: boolean;
  /** In place of those of the inputs. */
  readonly mintToken?: (fresh: boolean) => Promise<string>;
}

export interface Waited {
  readonly report: Report;
  /** Versions of Applications, in the order of their delivery; a deletion is `-`. */
  readonly versions: readonly string[];
  /** Messages of faults that were told on the way. */
  readonly troubles: readonly string[];
  readonly log: RecordingLog;
}

/** All of a run between its inputs and its outputs, in this process, with patience for tests. */
export async function waitWhole(options: WholeWait): Promise<Waited> {
  const clock = systemClock();
  const log = recordingLog();
  const inputs = await readInputs(environment(options), () => '');
  const cancelled = new AbortController().signal;
  const connection = await connect(inputs.access, {
    env: options.env ?? {},
    log,
    mask: () => undefined,
    serviceAccount: '/nonexistent',
    ...(options.mintToken ? { mintToken: options.mintToken } : {}),
  });
  const versions: string[] = [];
  const troubles: string[] = [];
  const source = heardWhole(
    kubernetesSource({
      connection,
      selection: selectionOf(inputs),
      clock,
      log,
      parse: parseApplication,
      pollIntervalMs: options.pollIntervalMs ?? 40,
      random: Math.random,
      timing: { ...SCALED, ...options.timing },
    }),
    (event) => {
      options.onEvent?.(event);
      if (options.forget) return void log.lines.splice(0);
      if (event.kind === 'application') versions.push(event.application.resourceVersion);
      if (event.kind === 'deleted') versions.push('-');
      if (event.kind === 'unreachable') troubles.push(event.message);
    },
  );
  const began = clock.now().elapsed;
  const outcome = await waitFor({
    source,
    clock,
    cancelled,
    resolve: (application) => resolveTarget(inputs.revision, inputs.run, application),
    wanted: applicationSelectors(inputs),
    minApplications: inputs.minApplications,
    policy: inputs,
    nameOf: (key) => nameOf(key, inputs.applicationNamespace),
    timeoutMs: inputs.timeoutMs,
    failFast: inputs.failFast,
    relate: async () => 'other',
    resolveName: async () => '',
    ...NOTHING_BESIDE,
    onChange: () => undefined,
  });
  const live = outcome.error
    ? new Map()
    : await readLive(outcome, source, { clock, log, cancelled });
  const waitedMs = clock.now().elapsed - began;
  return {
    report: reportOf(inputs, outcome, decidedResults(outcome, live), waitedMs),
    versions,
    troubles,
    log,
  };
}

/** How a run that came to no wait at all ended: the reason and the message. */
export function refusedBy(thrown: unknown): TerminalError {
  if (thrown instanceof TerminalError) return thrown;
  throw thrown;
}

function environment({ inputs }: WholeWait): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
  );
}

/** The same source, of which every event is heard before it is handed on: of last looks too. */
function heardWhole(source: Source, hear: (event: SourceEvent) => void): Source {
  return {
    ...overheard(source, hear),
    async relist(signal) {
      const events = await source.relist(signal);
      for (const event of events) hear(event);
      return events;
    },
  };
}
