import { analysisInHealth, rolloutInHealth } from '../../core/within/rollout-state.js';
import type { ContainerState, PodState, ResourceTree, TreeNode } from '../../core/within/tree.js';
import { type Json, list, record, text } from '../../http/json.js';
import { shortText } from '../live-pod.js';

/** An Application of more is cut: Argo CD itself gets slow before. */
const MOST_NODES = 20_000;

/** The answer of `resource-tree`. What is not of its type counts as absent. */
export function treeIn(answer: unknown): ResourceTree {
  const nodes = list(record(answer).nodes);
  return {
    nodes: nodes.slice(0, MOST_NODES).map((each) => nodeIn(record(each))),
    events: [],
    truncated: nodes.length > MOST_NODES,
  };
}

function nodeIn(node: Json): TreeNode {
  const health = record(node.health);
  const kind = text(node.kind);
  return {
    group: text(node.group),
    kind,
    namespace: text(node.namespace),
    name: text(node.name),
    uid: text(node.uid),
    owners: list(node.parentRefs).map((parent) => text(record(parent).uid)),
    createdAt: text(node.createdAt),
    health: text(health.status),
    healthMessage: shortText(health.message),
    healthReason: '',
    revision: Number(/^Rev:(\d{1,15})$/.exec(infoIn(node, 'Revision'))?.[1] ?? 0),
    ...stateIn(node, kind),
  };
}

function stateIn(node: Json, kind: string): Pick<TreeNode, 'pod' | 'rollout' | 'analysis'> {
  const health = record(node.health);
  const told = [text(health.status), shortText(health.message)] as const;
  switch (`${text(node.group)}/${kind}`) {
    case '/Pod':
      return { pod: podIn(node) };
    case 'argoproj.io/Rollout':
      return { rollout: rolloutInHealth(...told) };
    case 'argoproj.io/AnalysisRun':
      return { analysis: analysisInHealth(...told) };
    default:
      return {};
  }
}

function infoIn(node: Json, name: string): string {
  return shortText(record(list(node.info).find((item) => record(item).name === name)).value);
}

/** What a word for the state of a whole pod says of it, as `kubectl get pods` shows it. */
const PHASES: ReadonlySet<string> = new Set([
  'Pending',
  'Running',
  'Succeeded',
  'Failed',
  'Unknown',
]);
/** Of the pod, not of a container. */
const WHOLE_POD: ReadonlySet<string> = new Set(['Evicted', 'NodeLost', 'DeadlineExceeded']);

function podIn(node: Json): PodState {
  const reason = infoIn(node, 'Status Reason');
  const health = record(node.health);
  const whole = WHOLE_POD.has(reason);
  return {
    labels: record(record(node.networkingInfo).labels),
    deleting: reason === 'Terminating',
    placed: infoIn(node, 'Node') !== '',
    claims: [],
    phase: phaseOf(reason, whole),
    reason: whole ? reason : '',
    message: whole ? shortText(health.message) : '',
    containers: whole ? [] : [worstContainer(node, reason)],
  };
}

function phaseOf(reason: string, whole: boolean): string {
  if (whole) return 'Failed';
  if (reason === 'Completed') return 'Succeeded';
  return PHASES.has(reason) ? reason : '';
}

/**
 * A tree tells one state of each pod: that of its first container that is not well. Its name and
 * its image are known only where the message has them.
 */
function worstContainer(node: Json, said: string): ContainerState {
  const [, init, reason = ''] = /^(Init:)?(.*)$/s.exec(said) ?? [];
  const health = record(node.health);
  const message = shortText(health.message);
  const images = list(node.images).map(shortText);
  const [ready, all] = infoIn(node, 'Containers').split('/');
  const common = {
    role: init ? ('init' as const) : ('container' as const),
    name: /\bcontainer "([^"]{1,253})" failed/.exec(message)?.[1] ?? '',
    image: images.length === 1 ? (images[0] ?? '') : '',
    ready: ready === all,
    running: reason === 'Running',
    restarts: Number(infoIn(node, 'Restart Count')) || 0,
  };
  if (reason === 'Running' || reason === 'Completed') return common;
  return { ...common, ...stoppedBy(reason, message) };
}

/** Words for how a run ended; all others are words for what is waited for. */
const ENDS: ReadonlySet<string> = new Set([
  'Error',
  'OOMKilled',
  'ContainerCannotRun',
  'ContainerStatusUnknown',
  'StartError',
  'DeadlineExceeded',
]);

function stoppedBy(
  reason: string,
  message: string,
): Pick<ContainerState, 'terminated' | 'waiting'> {
  const coded = /^(?:ExitCode|Signal):(\d{1,5})$/.exec(reason);
  if (!coded && !ENDS.has(reason)) return { waiting: waitingIn(reason, message) };
  const named = /\bfailed with exit code (\d{1,5})$/.exec(message)?.[1];
  const code = reason.startsWith('Signal:') ? undefined : (coded?.[1] ?? named);
  return {
    terminated: {
      reason: coded && code !== undefined ? 'Error' : reason,
      ...(code === undefined ? {} : { exitCode: Number(code) }),
      // Argo CD's own words for a pod that says nothing.
      message: named === undefined && message !== reason ? message : '',
      finishedAt: '',
    },
  };
}

/** `0/1`: so many init containers have run; a phase says that no container has been made yet. */
function waitingIn(reason: string, message: string): NonNullable<ContainerState['waiting']> {
  const unmade = PHASES.has(reason) || /^\d+\/\d+$/.test(reason);
  return { reason: unmade ? '' : reason, message };
}
