import { keyOf } from '../../core/application/types.js';
import { parseApplicationSet } from '../../core/applicationset/parse.js';
import type { ApplicationSet } from '../../core/applicationset/types.js';
import type { LogReference } from '../../core/result/causes.js';
import { assignedTo } from '../../core/windows/assigned.js';
import type { SyncWindows } from '../../core/windows/types.js';
import { type Answer, isSuccess, jsonOf } from '../../http/answers.js';
import type { Request, Transport } from '../../http/transport.js';
import type { Clock } from '../../platform/clock.js';
import { TerminalError } from '../../platform/errors.js';
import { lastLines } from '../bounded.js';
import { inspectorOf } from '../inspecting.js';
import type { Inspected, Inspector, Windowed } from '../inspector.js';
import { windowsInProject } from '../project-windows.js';
import { refusals } from '../refused.js';
import type { ObjectName } from '../source.js';
import { APPLICATION_SETS, PROJECTS } from './applications.js';
import { type Asking, keyFor, refusedTo } from './asking.js';
import { windowsRole } from './inspector-role.js';
import { accessTo, pathOf } from './paths.js';
import { describeAccess, type ResourceAttributes } from './rbac.js';
import { refusal } from './refusals.js';
import { readTree } from './resource-tree.js';

const MOST_LOG_BYTES = 256 * 1024;

export interface KubernetesInspectorOptions {
  readonly transport: Transport;
  /** As messages call it. */
  readonly server: string;
  readonly clock: Clock;
  /** Whether an Application deploys into this cluster. */
  readonly reaches: (application: Pick<Inspected, 'destination'>) => boolean;
}

/**
 * Looks within Applications that deploy into the cluster of this API: at the workloads one by one,
 * and at the pods of those that are not well. Needs the rights of `inspectorRole`.
 */
export function kubernetesInspector(options: KubernetesInspectorOptions): Inspector {
  const { clock, reaches } = options;
  const refused = refusals();
  const asking = (signal: AbortSignal): Asking => ({ ...options, refused, signal });
  return inspectorOf(clock, refused, {
    async tree(application, signal, soFar) {
      if (!reaches(application)) throw elsewhere(application);
      return readTree(asking(signal), application, soFar);
    },
    windows: (application, signal) => windowsOf(asking(signal), application),
    set: (name, signal) => readSet(asking(signal), name),
    async logLines(application, log, lines, signal) {
      if (!reaches(application)) throw elsewhere(application);
      return logLines(asking(signal), log, lines);
    },
  });
}

function elsewhere(
  application: Pick<Inspected, 'namespace' | 'name' | 'destination'>,
): TerminalError {
  const { server, name } = application.destination;
  return new TerminalError(
    'unreachable',
    `${keyOf(application)} deploys into another cluster (${name || server}), whose pods this Kubernetes API does not show.`,
    'The Argo CD API shows them: set `argocd-server` and `argocd-token`.',
  );
}

/** Undefined where it does not exist. */
async function readSet(
  asking: Asking,
  { namespace, name }: ObjectName,
): Promise<ApplicationSet | undefined> {
  const path = pathOf(APPLICATION_SETS, namespace, name);
  const attributes = accessTo('get', APPLICATION_SETS, namespace, name);
  const answer = await asking.refused.ask(keyFor(attributes), async () => {
    const answer = await asking.transport.send(
      { path, compressed: true, kind: 'list' },
      asking.signal,
    );
    if (isSuccess(answer) || answer.status === 404) return answer;
    throw refusal(answer, attributes, asking.server);
  });
  if (answer.status === 404) return undefined;
  return parseApplicationSet(jsonOf(answer, asking.server));
}

/**
 * Those of its AppProject; a project that another one lends windows to (`globalProjects` of
 * argocd-cm) does not show them.
 */
async function windowsOf(
  { transport, server, refused, signal }: Asking,
  application: Windowed,
): Promise<SyncWindows> {
  const namespace = application.controllerNamespace || application.namespace;
  const { project: name } = application;
  const path = pathOf(PROJECTS, namespace, name);
  const intent = accessTo('get', PROJECTS, namespace, name);
  // One project may be allowed, and another one not.
  return refused.ask(`${keyFor(intent)} ${name}`, async () => {
    const answer = await transport.send({ path }, signal);
    if (answer.status === 404) return { assigned: [] };
    if (!isSuccess(answer)) throw projectRefusal(answer, intent, server);
    const windows = windowsInProject(jsonOf(answer, server));
    return { assigned: assignedTo(application, windows) };
  });
}

function projectRefusal(answer: Answer, intent: ResourceAttributes, server: string): Error {
  const error = refusal(answer, intent, server);
  if (!(error instanceof TerminalError) || error.reason !== 'forbidden') return error;
  const message = `${server} does not allow reading sync windows: ${describeAccess(intent)}.`;
  return new TerminalError('forbidden', message, windowsRole(intent.namespace, error.message));
}

const PODS = { group: '', version: 'v1', plural: 'pods' };

async function logLines(
  asking: Asking,
  { namespace, pod, container, previous }: LogReference,
  lines: number,
): Promise<readonly string[]> {
  const request: Request = {
    path: `${pathOf(PODS, namespace, pod)}/log`,
    query: {
      ...{ tailLines: String(lines), limitBytes: String(MOST_LOG_BYTES) },
      ...(container === '' ? {} : { container }),
      ...(previous ? { previous: 'true' } : {}),
    },
    kind: 'log',
    // The log is no JSON, and a refusal is.
    accept: 'application/json, */*',
  };
  const intent = accessTo('get', { ...PODS, plural: 'pods/log' }, namespace, pod);
  return asking.refused.ask(keyFor(intent), async () => {
    const answer = await asking.transport.send(request, asking.signal);
    if (!isSuccess(answer)) throw refusedTo(answer, intent, asking.server);
    return lastLines(answer.body.split('\n'), lines);
  });
}
