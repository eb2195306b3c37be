import { keyOf } from '../../core/application/types.js';
import { parseApplicationSet } from '../../core/applicationset/parse.js';
import type { ApplicationSet } from '../../core/applicationset/types.js';
import type { LogReference } from '../../core/result/causes.js';
import type { SyncWindow, SyncWindows } from '../../core/result/sync-windows.js';
import { nodesToAskAbout, podsToRead } from '../../core/within/questions.js';
import type { ResourceEvent, ResourceTree, TreeNode } from '../../core/within/tree.js';
import { type Answer, isSuccess, jsonOf } from '../../http/answers.js';
import { list, record, text } from '../../http/json.js';
import type { Request } from '../../http/transport.js';
import type { Clock } from '../../platform/clock.js';
import { TerminalError } from '../../platform/errors.js';
import { bounded, lastLines, orNothing } from '../bounded.js';
import { warningsIn } from '../events.js';
import type {
  Inspected,
  Inspection,
  Inspector,
  LogLines,
  SetSeen,
  WindowsSeen,
} from '../inspector.js';
import { mapAtMost } from '../live-metadata.js';
import { podNode } from '../live-pod.js';
import { type Refusals, refusals } from '../refused.js';
import { applicationPath } from './applications.js';
import { type ApplicationSetReading, readApplicationSet } from './applicationsets.js';
import { type ArgocdAction, answerIn, NOT_API_HINT, refusal } from './refusals.js';
import { treeIn } from './tree.js';

/** Argo CD passes each of these requests on to the cluster of the Application. */
const AT_ONCE = 4;
/** Of one look. */
const MOST_PODS = 5;
const MOST_EVENTS = 5;
/** UTF-16 units of each part of a sync window. */
const LONGEST_SCHEDULE = 100;

export interface ArgocdInspectorOptions extends ApplicationSetReading {
  readonly clock: Clock;
  /** To read an Application, by `namespace/name`. */
  readonly action: (key: string) => ArgocdAction;
}

type Whose = Pick<Inspected, 'namespace' | 'name'>;

/** Pods as they were read last, by uid: one that has not changed since is not read again. */
type KnownPods = Map<string, { readonly version: string; readonly node: TreeNode }>;

/**
 * Looks within Applications through the Argo CD API: one request for the tree, and a few for what
 * it leaves open. Needs the right `applications, get` only, for logs `logs, get`.
 */
export function argocdInspector(options: ArgocdInspectorOptions): Inspector {
  const { clock } = options;
  const pods = new Map<string, KnownPods>();
  const refused = refusals();
  const asking = (whose: Whose, signal: AbortSignal): Asking => {
    return { ...options, whose, refused, signal };
  };
  return {
    async inspect(application, signal): Promise<Inspection> {
      const key = keyOf(application);
      const known: KnownPods = pods.get(key) ?? new Map();
      pods.set(key, known);
      const seen = await bounded(clock, signal, (until) => look(asking(application, until), known));
      if ('lack' in seen) return { kind: 'unavailable', final: seen.final, ...seen.lack };
      return { kind: 'seen', tree: seen.value, lacks: refused.untold() };
    },
    async syncWindows(application, signal): Promise<WindowsSeen> {
      const seen = await bounded(clock, signal, (until) => windowsOf(asking(application, until)));
      if ('lack' in seen) return { kind: 'unavailable', final: seen.final, ...seen.lack };
      return { kind: 'seen', windows: seen.value };
    },
    async applicationSet({ namespace, applicationSet: name = '' }, signal): Promise<SetSeen> {
      const read = async (until: AbortSignal): Promise<ApplicationSet | undefined> => {
        const object = await readApplicationSet(options, { namespace, name }, until);
        return object === undefined ? undefined : parseApplicationSet(object);
      };
      const key = `${namespace}/${name}/applicationset`;
      const seen = await bounded(clock, signal, (until) => refused.ask(key, () => read(until)));
      if ('lack' in seen) return { kind: 'unavailable', final: seen.final, ...seen.lack };
      return { kind: 'seen', ...(seen.value ? { set: seen.value } : {}) };
    },
    async logs(application, log, lines, signal): Promise<LogLines> {
      const read = await bounded(clock, signal, (until) =>
        logLines(asking(application, until), log, lines),
      );
      if ('lack' in read) return { kind: 'unavailable', ...read.lack };
      return { kind: 'read', lines: read.value };
    },
  };
}

interface Asking extends ArgocdInspectorOptions {
  readonly whose: Whose;
  readonly refused: Refusals;
  readonly signal: AbortSignal;
}

async function look(asking: Asking, known: KnownPods): Promise<ResourceTree> {
  const { tree, versions } = await treeOf(asking);
  return withEvents(asking, await withPods(asking, tree, known, versions));
}

/** A tree, and the resource versions of its nodes by uid; the answer itself is large. */
async function treeOf(asking: Asking) {
  const below = '/resource-tree';
  const answer = await asking.refused.ask(keyFor(asking, below), () => ask(asking, below, {}));
  const nodes = list(record(answer).nodes).map(record);
  const versions = new Map(nodes.map((node) => [text(node.uid), text(node.resourceVersion)]));
  return { tree: treeIn(answer), versions };
}

/** The tree, with pods that are not well as they are themselves: the tree has few words for them. */
async function withPods(
  asking: Asking,
  tree: ResourceTree,
  known: KnownPods,
  versions: ReadonlyMap<string, string>,
): Promise<ResourceTree> {
  const isFresh = (uid: string) => {
    const version = versions.get(uid);
    return version !== undefined && version !== '' && known.get(uid)?.version === version;
  };
  for (const uid of known.keys()) if (!isFresh(uid)) known.delete(uid);
  const wanted = podsToRead(tree, MOST_PODS).filter(({ uid }) => !known.has(uid));
  await mapAtMost(AT_ONCE, wanted, async (node) => {
    const read = await podAt(asking, node);
    if (read) known.set(node.uid, { version: versions.get(node.uid) ?? '', node: read });
  });
  if (known.size === 0) return tree;
  const nodes = tree.nodes.map((node) => {
    const pod = known.get(node.uid)?.node.pod;
    return pod ? { ...node, pod } : node;
  });
  return { ...tree, nodes };
}

/** Nothing where it cannot be read, or is another one by now: the tree tells something too. */
async function podAt(asking: Asking, node: TreeNode): Promise<TreeNode | undefined> {
  const { namespace, name, uid } = node;
  const query = { namespace, resourceName: name, version: 'v1', group: '', kind: 'Pod' };
  const read = async () => {
    const { manifest } = record(await ask(asking, '/resource', query));
    return podNode(JSON.parse(text(manifest)));
  };
  const found = await orNothing(asking.refused.askFor(keyFor(asking, '/resource'), read));
  return found?.uid === uid ? found : undefined;
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
  const read = async () => warningsIn(await ask(asking, '/events', query), uid);
  return (await orNothing(asking.refused.askFor(keyFor(asking, '/events'), read))) ?? [];
}

/** Its `canSync` is of manual syncs: whether auto-sync may start has to be told from the windows. */
async function windowsOf(asking: Asking): Promise<SyncWindows> {
  const below = '/syncwindows';
  const answer = record(
    await asking.refused.ask(keyFor(asking, below), () => ask(asking, below, {})),
  );
  const { assignedWindows, activeWindows } = answer;
  return { assigned: windowsIn(assignedWindows), active: windowsIn(activeWindows) };
}

function windowsIn(answer: unknown): readonly SyncWindow[] {
  return list(answer).map((each) => {
    const { kind, schedule, duration, manualSync, timeZone } = record(each);
    return {
      kind: text(kind),
      schedule: text(schedule).slice(0, LONGEST_SCHEDULE),
      duration: text(duration).slice(0, LONGEST_SCHEDULE),
      manualSync: manualSync === true,
      ...(text(timeZone) === '' ? {} : { timeZone: text(timeZone).slice(0, LONGEST_SCHEDULE) }),
    };
  });
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
    const answer = await send(asking, '/logs', query);
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

async function ask(
  asking: Asking,
  below: string,
  query: Readonly<Record<string, string>>,
): Promise<unknown> {
  const { server, action, whose } = asking;
  const answer = await send(asking, below, query);
  if (isSuccess(answer)) return jsonOf(answer, server, NOT_API_HINT);
  throw refusal(answer, action(keyOf(whose)), server);
}

function send(
  { transport, whose, signal }: Asking,
  below: string,
  query: Readonly<Record<string, string>>,
): Promise<Answer> {
  const { namespace, name } = whose;
  const path = applicationPath(name, below);
  const request: Request = {
    path,
    query: { appNamespace: namespace, ...query },
    compressed: true,
    kind: 'list',
  };
  return transport.send(request, signal);
}

function keyFor({ whose }: Asking, below: string): string {
  return `${keyOf(whose)}${below}`;
}
