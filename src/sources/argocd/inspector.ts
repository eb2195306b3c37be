import { keyOf } from '../../core/application/types.js';
import { parseApplicationSet } from '../../core/applicationset/parse.js';
import type { LogReference } from '../../core/result/causes.js';
import { assignedTo, type ProjectWindow } from '../../core/windows/assigned.js';
import { blockingWindows } from '../../core/windows/opening.js';
import type { SyncWindow, SyncWindows } from '../../core/windows/types.js';
import { nodesToAskAbout, podsToRead, rolloutsToRead } from '../../core/within/questions.js';
import type { ResourceEvent, ResourceTree, TreeNode } from '../../core/within/tree.js';
import { type Answer, isSuccess, jsonOf } from '../../http/answers.js';
import { list, objectIdentityOf, record, text } from '../../http/json.js';
import type { Request } from '../../http/transport.js';
import type { Clock } from '../../platform/clock.js';
import { TerminalError } from '../../platform/errors.js';
import { lastLines, orNothing } from '../bounded.js';
import { tellingEventsIn } from '../events.js';
import { inspectorOf } from '../inspecting.js';
import type { Inspected, Inspector, Windowed } from '../inspector.js';
import { mapAtMost } from '../live-metadata.js';
import { podNode } from '../live-pod.js';
import { analysisNode, rolloutIn } from '../live-rollout.js';
import { windowIn, windowsInProject } from '../project-windows.js';
import { type Refusals, refusals } from '../refused.js';
import { applicationPath } from './applications.js';
import { readApplicationSet } from './applicationsets.js';
import { type Api, ask } from './ask.js';
import { type ArgocdAction, answerIn, LIST_ACTION, NOT_API_HINT, refusal } from './refusals.js';
import { treeIn } from './tree.js';

/** Argo CD passes each of these requests on to the cluster of the Application. */
const AT_ONCE = 4;
/** Of one look. */
const MOST_PODS = 5;
const MOST_ROLLOUTS = 5;
const MOST_EVENTS = 5;

export interface ArgocdInspectorOptions extends Api {
  readonly clock: Clock;
  /** To read an Application, by `namespace/name`. */
  readonly action: (key: string) => ArgocdAction;
}

type Whose = Pick<Inspected, 'namespace' | 'name'>;

/** Objects as they were read last, by uid: one that has not changed since is not read again. */
type KnownObjects = Map<string, { readonly version: string; readonly told: Told }>;

/** What an object tells beyond the tree. */
type Told = Pick<TreeNode, 'pod' | 'rollout' | 'analysis' | 'currentPodLabels'>;

/**
 * Looks within Applications through the Argo CD API: one request for the tree, and a few for what
 * it leaves open. Needs the right `applications, get` only, for logs `logs, get`.
 */
export function argocdInspector(options: ArgocdInspectorOptions): Inspector {
  const objects = new Map<string, KnownObjects>();
  const refused = refusals();
  const asking = (whose: Whose, signal: AbortSignal): Asking => {
    return { ...options, whose, refused, signal };
  };
  return inspectorOf(options.clock, refused, {
    tree(application, signal, soFar) {
      const key = keyOf(application);
      const known: KnownObjects = objects.get(key) ?? new Map();
      objects.set(key, known);
      return look(asking(application, signal), known, soFar);
    },
    windows: (application, signal) => windowsOf(asking(application, signal), application),
    set: (name, signal) =>
      refused.ask(`${keyOf(name)}/applicationset`, async () => {
        const object = await readApplicationSet(options, name, signal);
        return object === undefined ? undefined : parseApplicationSet(object);
      }),
    logLines: (application, log, lines, signal) =>
      logLines(asking(application, signal), log, lines),
  });
}

interface Asking extends ArgocdInspectorOptions {
  readonly whose: Whose;
  readonly refused: Refusals;
  readonly signal: AbortSignal;
}

async function look(
  asking: Asking,
  known: KnownObjects,
  soFar: (tree: ResourceTree) => void,
): Promise<ResourceTree> {
  const { tree, versions } = await treeOf(asking);
  soFar(tree);
  const closer = await withObjects(asking, tree, known, versions);
  soFar(closer);
  return withEvents(asking, closer);
}

/** A tree, and the resource versions of its nodes by uid; the answer itself is large. */
async function treeOf(asking: Asking) {
  const below = '/resource-tree';
  const answer = await asking.refused.ask(keyFor(asking, below), () => read(asking, below, {}));
  const nodes = list(record(answer).nodes).map(record);
  const versions = new Map(nodes.map((node) => [text(node.uid), text(node.resourceVersion)]));
  return { tree: treeIn(answer), versions };
}

/**
 * The tree, with pods that are not well and Rollouts that do not go on as they are themselves: the
 * tree has few words for them.
 */
async function withObjects(
  asking: Asking,
  tree: ResourceTree,
  known: KnownObjects,
  versions: ReadonlyMap<string, string>,
): Promise<ResourceTree> {
  const isFresh = (uid: string) => {
    const version = versions.get(uid);
    return version !== undefined && version !== '' && known.get(uid)?.version === version;
  };
  for (const uid of known.keys()) if (!isFresh(uid)) known.delete(uid);
  const telling = [...podsToRead(tree, MOST_PODS), ...rolloutsToRead(tree, MOST_ROLLOUTS)];
  const wanted = telling.filter(({ uid }) => !known.has(uid));
  await mapAtMost(AT_ONCE, wanted, async (node) => {
    const told = await objectAt(asking, node);
    if (told) known.set(node.uid, { version: versions.get(node.uid) ?? '', told });
  });
  if (known.size === 0) return tree;
  const nodes = tree.nodes.map((node) => {
    const closer = known.get(node.uid);
    return closer ? { ...node, ...closer.told } : node;
  });
  return { ...tree, nodes };
}

/** Nothing where it cannot be read, or is another one by now: the tree tells something too. */
async function objectAt(asking: Asking, node: TreeNode): Promise<Told | undefined> {
  const { namespace, name, uid, group, kind } = node;
  const reader = READERS.find((each) => each.kind === kind);
  if (!reader) return undefined;
  const { version } = reader;
  const query = { namespace, resourceName: name, version, group, kind };
  const readObject = async () => {
    const { manifest } = record(await read(asking, '/resource', query));
    const object: unknown = JSON.parse(text(manifest));
    return objectIdentityOf(object).uid === uid ? reader.told(object) : undefined;
  };
  return orNothing(asking.refused.askFor(keyFor(asking, '/resource'), readObject));
}

/** The kinds that are read, each in the version that its reader knows. */
const READERS: readonly {
  readonly kind: string;
  readonly version: string;
  readonly told: (object: unknown) => Told;
}[] = [
  { kind: 'Pod', version: 'v1', told: (object) => ofPod(podNode(object)) },
  { kind: 'Rollout', version: 'v1alpha1', told: rolloutIn },
  { kind: 'AnalysisRun', version: 'v1alpha1', told: (object) => ofRun(analysisNode(object)) },
];

function ofPod({ pod }: TreeNode): Told {
  return pod ? { pod } : {};
}

function ofRun({ analysis }: TreeNode): Told {
  return analysis ? { analysis } : {};
}

async function withEvents(asking: Asking, tree: ResourceTree): Promise<ResourceTree> {
  const wanted = nodesToAskAbout(tree, MOST_EVENTS);
  const read = await mapAtMost(AT_ONCE, wanted, (node) => eventsAt(asking, node));
  const events = read.flat();
  return events.length === 0 ? tree : { ...tree, events };
}

async function eventsAt(asking: Asking, node: TreeNode): Promise<readonly ResourceEvent[]> {
  const { uid, namespace, name } = node;
  const query = { resourceUID: uid, resourceNamespace: namespace, resourceName: name };
  const readEvents = async () => tellingEventsIn(await read(asking, '/events', query), uid);
  return (await orNothing(asking.refused.askFor(keyFor(asking, '/events'), readEvents))) ?? [];
}

/** Its `canSync` is of manual syncs: whether auto-sync may start has to be told from the windows. */
async function windowsOf(asking: Asking, application: Windowed): Promise<SyncWindows> {
  const below = '/syncwindows';
  const answer = record(
    await asking.refused.ask(keyFor(asking, below), () => read(asking, below, {})),
  );
  const assigned = list(answer.assignedWindows).map(windowIn);
  const active = list(answer.activeWindows).map(windowIn);
  if (blockingWindows(assigned, active, false).length === 0) return { assigned, active };
  const own = assignedTo(application, await projectWindows(asking, application.project));
  const inZone = (window: SyncWindow) => withTimeZone(window, own);
  return { assigned: assigned.map(inZone), active: active.map(inZone) };
}

/** That of the windows of the AppProject that are like it, which the answer leaves out. */
function withTimeZone(window: SyncWindow, own: readonly SyncWindow[]): SyncWindow {
  const { kind, schedule, duration, manualSync } = window;
  const alike = own.filter(
    (each) =>
      each.kind === kind &&
      each.schedule === schedule &&
      each.duration === duration &&
      each.manualSync === manualSync,
  );
  const [timeZone, ...others] = new Set(alike.map((each) => each.timeZone));
  return timeZone === undefined || others.length > 0 ? window : { ...window, timeZone };
}

/** With those of the projects that lend them to it; none where it cannot be read. */
async function projectWindows(asking: Asking, project: string): Promise<readonly ProjectWindow[]> {
  const path = `/api/v1/projects/${encodeURIComponent(project)}/detailed`;
  const request: Request = { path, compressed: true, kind: 'list' };
  const isRefused = (answer: Answer) => projectRefusal(answer, project, asking.server);
  const readProject = async () =>
    record(await ask(asking, request, isRefused, asking.signal)).project;
  return windowsInProject(await orNothing(asking.refused.askFor(path, readProject)));
}

function projectRefusal(answer: Answer, project: string, server: string): Error {
  const what = `AppProject ${project}`;
  if (answer.status !== 403) return refusal(answer, { ...LIST_ACTION, what }, server);
  return new TerminalError(
    'forbidden',
    `${server} does not allow reading ${what}, so it is not known when its sync windows open.`,
    `Allow it in argocd-rbac-cm (\`policy.csv\`), or in a role of the AppProject:
p, role:ci, projects, get, ${project}, allow`,
  );
}

/** Each line of the answer is a message of a stream, with a line of the log or an error in it. */
async function logLines(
  asking: Asking,
  { namespace, pod, container, previous }: LogReference,
  lines: number,
): Promise<readonly string[]> {
  const query = {
    ...{ namespace, podName: pod, tailLines: String(lines), follow: 'false' },
    ...(container === '' ? {} : { container }),
    ...(previous ? { previous: 'true' } : {}),
  };
  return asking.refused.ask(keyFor(asking, '/logs'), async () => {
    const request: Request = { ...requestOf(asking, '/logs', query), kind: 'log' };
    const answer = await asking.transport.send(request, asking.signal);
    if (!isSuccess(answer)) throw logRefusal(asking, answer);
    const messages = answer.body.split('\n').filter((line) => line.trim() !== '');
    return lastLines(
      messages.flatMap((message) => contentIn(asking, message)),
      lines,
    );
  });
}

function contentIn(asking: Asking, message: string): readonly string[] {
  const answer: Answer = { status: 200, type: '', retryAfter: '', location: '', body: message };
  const { result, error } = record(jsonOf(answer, asking.server, NOT_API_HINT));
  if (error !== undefined) throw logRefusal(asking, answerIn(error));
  const { content, last } = record(result);
  return last === true ? [] : [text(content)];
}

function logRefusal({ server, action, whose }: Asking, answer: Answer): Error {
  const about = action(keyOf(whose));
  if (answer.status !== 403) return refusal(answer, about, server);
  return new TerminalError(
    'forbidden',
    `${server} does not allow reading the logs of ${about.what}.`,
    `Allow it in argocd-rbac-cm (\`policy.csv\`), or in a role of the AppProject:
p, role:ci, logs, get, ${about.object}, allow`,
  );
}

function read(
  asking: Asking,
  below: string,
  query: Readonly<Record<string, string>>,
): Promise<unknown> {
  const { server, action, whose, signal } = asking;
  const refused = (answer: Answer) => refusal(answer, action(keyOf(whose)), server);
  return ask(asking, requestOf(asking, below, query), refused, signal);
}

function requestOf(
  { whose }: Asking,
  below: string,
  query: Readonly<Record<string, string>>,
): Request {
  return {
    path: applicationPath(whose.name, below),
    query: { appNamespace: whose.namespace, ...query },
    compressed: true,
    kind: 'list',
  };
}

function keyFor({ whose }: Asking, below: string): string {
  return `${keyOf(whose)}${below}`;
}
