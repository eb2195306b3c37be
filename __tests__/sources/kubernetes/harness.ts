import { parse } from 'yaml';
import { parseApplication } from '../../../src/core/application/parse.js';
import { keyOf } from '../../../src/core/application/types.js';
import type { Connection, ConnectionDependencies } from '../../../src/http/connection.js';
import type { Access } from '../../../src/inputs/types.js';
import { systemClock } from '../../../src/platform/clock.js';
import type { Log } from '../../../src/platform/log.js';
import { connect } from '../../../src/sources/kubernetes/connect.js';
import { type KubernetesOptions, kubernetesSource } from '../../../src/sources/kubernetes/index.js';
import type { Source, SourceEvent } from '../../../src/sources/source.js';
import type { ApiServer, KubeObject } from '../../support/api-server.js';

/** Short enough for tests, long enough for a busy machine. */
export const TIMING = {
  silenceTimeoutMs: 400,
  idleTimeoutMs: 150,
  listDeadlineMs: 1_000,
  healthyAfterMs: 10_000,
  connectMs: 60_000,
  idleMs: 60_000,
};

export interface Lines extends Log {
  readonly lines: string[];
}

export function recordingLog(): Lines {
  const lines: string[] = [];
  const add = (level: string) => (line: string) => {
    lines.push(`${level}: ${line}`);
  };
  return {
    lines,
    info: add('info'),
    debug: () => undefined,
    notice: add('notice'),
    warning: add('warning'),
    error: add('error'),
    group: add('group'),
  };
}

export const NO_ACCESS: Access = {
  kubeconfig: undefined,
  context: '',
  server: '',
  token: '',
  oidcAudience: '',
  certificateAuthority: '',
  insecureSkipTlsVerify: false,
  kubeconfigEnv: '',
  home: '',
};

/** Ways in as the inputs give them: a kubeconfig is a text. */
export type Given = Partial<Omit<Access, 'kubeconfig'>> & {
  readonly kubeconfig?: string | undefined;
};

export function accessBy({ kubeconfig, ...given }: Given): Access {
  return {
    ...NO_ACCESS,
    ...given,
    kubeconfig: kubeconfig === undefined ? undefined : parse(kubeconfig),
  };
}

export function accessTo(server: ApiServer, over: Given = {}): Access & Given {
  return {
    ...NO_ACCESS,
    server: server.url,
    token: server.token,
    certificateAuthority: server.ca,
    ...over,
    kubeconfig: undefined,
  };
}

/** A kubeconfig of one context, with fields of its user and cluster as JSON (which is YAML). */
export function kubeconfig(server: ApiServer, user: object, cluster: object = {}): string {
  const authority = Buffer.from(server.ca).toString('base64');
  return JSON.stringify({
    clusters: [
      {
        name: 'c',
        cluster: { server: server.url, 'certificate-authority-data': authority, ...cluster },
      },
    ],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'test', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'test',
  });
}

export function dependencies(over: Partial<ConnectionDependencies> = {}): ConnectionDependencies {
  return {
    env: {},
    log: recordingLog(),
    mask: () => undefined,
    serviceAccount: '/nonexistent',
    ...over,
  };
}

export async function sourceOf(
  server: ApiServer,
  over: Partial<KubernetesOptions> & { readonly access?: Given } = {},
): Promise<Source> {
  const { access, ...options } = over;
  return sourceBy(await connect(accessTo(server, access), dependencies()), options);
}

export function sourceBy(connection: Connection, over: Partial<KubernetesOptions> = {}): Source {
  return kubernetesSource({
    connection,
    selection: { namespace: 'argocd' },
    clock: systemClock(),
    log: recordingLog(),
    parse: parseApplication,
    pollIntervalMs: 50,
    random: () => 0.99,
    ...over,
    timing: { ...TIMING, ...over.timing },
  });
}

export function application(name: string, over: Partial<KubeObject['metadata']> = {}): KubeObject {
  return { metadata: { namespace: 'argocd', name, ...over }, spec: {}, status: {} };
}

/** A watch that is running, and what it said. */
export interface Watching {
  readonly events: SourceEvent[];
  /** In short: `+argocd/a@3`, `-argocd/a`, `=a,b`, `!`; `?` before what follows a gap. */
  readonly said: string[];
  /** Resolves when what was said satisfies the predicate; rejects when the watch ends before. */
  until(holds: (said: readonly string[]) => boolean): Promise<void>;
  /** Aborts, and resolves when it has ended. */
  stop(): Promise<void>;
  /** What the watch resolved or rejected with. */
  readonly ended: Promise<void>;
}

export function watching(source: Source): Watching {
  const events: SourceEvent[] = [];
  const said: string[] = [];
  const waiting = new Set<() => void>();
  const abort = new AbortController();
  const ended = source.watch((event) => {
    events.push(event);
    said.push(short(event));
    for (const check of waiting) check();
  }, abort.signal);
  ended.catch(() => undefined);
  return {
    events,
    said,
    ended,
    async until(holds) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const check = () => {
        if (holds(said)) resolve();
      };
      waiting.add(check);
      check();
      const failed = ended.then(() => Promise.reject(new Error(`ended after ${said.join(' ')}`)));
      await Promise.race([promise, failed, late(said)]);
      waiting.delete(check);
    },
    async stop() {
      abort.abort();
      await ended;
    },
  };
}

/** For what hangs: a busy machine may take many times as long as a quiet one. */
const LATE_MS = 60_000;

async function late(said: readonly string[]): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, LATE_MS).unref());
  throw new Error(`not said: only ${said.join(' ')}`);
}

export function short(event: SourceEvent): string {
  switch (event.kind) {
    case 'application':
      return `${event.gap ? '?' : ''}+${keyOf(event.application)}@${count(event.application.resourceVersion)}`;
    case 'deleted':
      return `-${event.key}`;
    case 'listed':
      return `=${[...event.present].sort().join(',')}`;
    case 'unreachable':
      return '!';
    default:
      throw new Error(`no ApplicationSets are followed here: ${event.kind}`);
  }
}

/** A test server's own first version is 1: changes are counted from there. */
function count(resourceVersion: string): number {
  return Number(resourceVersion) - 1;
}

/** Of requests to a server: verb and what matters of the query. */
export function asked(server: ApiServer): readonly string[] {
  return server.requests.map(({ verb, query }) => {
    if (query.sendInitialEvents) return 'streaming-list';
    return query.resourceVersion ? `${verb} from ${count(query.resourceVersion)}` : verb;
  });
}
