import { type Finding, isOutOfMemory } from './findings.js';
import type { AnalysisState, RolloutPause } from './rollout-state.js';
import type { ContainerState, TreeNode } from './tree.js';

/** How findings are put into words. Foreign text is cut here, and cleaned where it is shown. */

const LONGEST = 300;

/** In one line, cut. */
function inLine(text: string): string {
  const line = text
    .slice(0, 4 * LONGEST)
    .replace(/\s+/g, ' ')
    .trim();
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;
}

/**
 * `Deployment/web`; with its namespace where that is not the Application's own.
 * @param namespace of the Application's destination
 */
export function subjectOf(node: TreeNode, namespace: string): string {
  const elsewhere = node.namespace !== '' && node.namespace !== namespace;
  return [node.kind, ...(elsewhere ? [node.namespace] : []), node.name].join('/');
}

/**
 * `Deployment/web cannot pull X (ImagePullBackOff, pod web-6cf): not found`
 * @param subject of the finding's root
 * @param restarts the most of any pod that has it
 * @param pods the names of the pods that have it
 * @param more there may be more of them
 */
export function sentenceOf(
  finding: Finding,
  subject: string,
  restarts: number,
  pods: readonly string[],
  more: boolean,
): string {
  const predicate = predicateOf(finding);
  // The word of a health is in the sentence.
  const reason = predicate.endsWith(` ${finding.reason}`) ? '' : finding.reason;
  const again = restarts === 1 ? '1 restart' : restarts > 1 ? `${restarts} restarts` : '';
  const details = [reason, ...detailsOf(finding), again, podNames(pods, more)];
  const told = details.filter((each) => each !== '');
  const brackets = told.length === 0 ? '' : ` (${told.join(', ')})`;
  const words = wordsOf(finding);
  return `${inLine(`${subject}${predicate}`)}${brackets}${words === '' ? '' : `: ${words}`}`;
}

/** What goes after the name of the root. */
function predicateOf(finding: Finding): string {
  const { symptom, root, container, at, reason } = finding;
  const name = container ? containerName(container) : '';
  switch (symptom) {
    case 'cannot pull':
      return ` cannot pull ${container?.image || 'an image'}${container?.role === 'container' ? '' : ` for ${name}`}`;
    case 'cannot start':
      return ` cannot ${STARTING.get(reason) ?? 'start'} ${name}`;
    case 'crashes':
      return `: ${name} ${crashOf(finding)}`;
    case 'cannot be scheduled':
      return ' cannot be scheduled';
    case 'cannot mount':
      return ' cannot mount a volume';
    case 'cannot create pods':
      return ' cannot create its pods';
    case 'pod failed':
      return ': a pod failed';
    case 'was aborted':
      return `${belowRoot(finding)} was aborted`;
    case 'is paused':
      return `${belowRoot(finding)} is paused${atStep(finding)}`;
    case 'has no volume':
      return `${belowRoot(finding)} has no volume`;
    case 'warned of':
    case 'is waiting':
      return `${belowRoot(finding)} is ${at.health || 'not ready'}`;
    case 'is not ready':
      return `: ${name} ${unreadyOf(finding)}`;
    case 'is starting':
      return ` waits for ${name || 'its pod'} ${container?.running ? 'to finish' : 'to start'}`;
    case 'is degraded':
      return ` is ${root.health}`;
    case 'is progressing':
      return atStep(finding) === '' ? ` is ${root.health}` : ` is${atStep(finding)}`;
  }
}

/** Names what the finding is at, where that is not the resource that the Application manages. */
function belowRoot({ at, root }: Finding): string {
  return at === root ? '' : `: ${at.kind}/${at.name}`;
}

function atStep({ at: { rollout } }: Finding): string {
  if (rollout?.pause?.reason === 'BlueGreenPause') return ' before its promotion';
  return rollout?.step ? ` at step ${rollout.step.number} of ${rollout.step.of}` : '';
}

const STARTING: ReadonlyMap<string, string> = new Map([
  ['CreateContainerConfigError', 'configure'],
  ['CreateContainerError', 'create'],
  ['RunContainerError', 'run'],
]);

function unreadyOf(finding: Finding): string {
  if (!finding.termination) return 'runs but is not ready';
  const ended = isOutOfMemory(finding) ? 'ran out of memory' : 'ended';
  return `${ended}, runs again and is not ready`;
}

function crashOf(finding: Finding): string {
  const { reason, container } = finding;
  if (isOutOfMemory(finding)) return 'runs out of memory';
  const again = reason === 'CrashLoopBackOff' || (container?.restarts ?? 0) > 0;
  return again ? 'keeps crashing' : 'failed';
}

/** `init container migrate`, `a container` */
function containerName({ role, name }: Pick<ContainerState, 'role' | 'name'>): string {
  const what = { init: 'init container', sidecar: 'sidecar container', container: 'container' };
  if (name !== '') return `${what[role]} ${name}`;
  return role === 'init' ? 'an init container' : `a ${what[role]}`;
}

function detailsOf(finding: Finding): readonly string[] {
  const { reason, termination, symptom, at } = finding;
  const step = symptom === 'is progressing' ? at.rollout?.step?.action : undefined;
  const weight = symptom === 'was aborted' ? undefined : at.rollout?.weight;
  const code = termination?.exitCode;
  return [
    isOutOfMemory(finding) && reason !== 'OOMKilled' ? 'OOMKilled' : '',
    code === undefined ? '' : `exit code ${code}`,
    step ?? '',
    weight === undefined ? '' : `weight ${weight} %`,
  ];
}

/** What the cluster says beyond what the sentence says already. */
function wordsOf(finding: Finding): string {
  const { said, container, symptom, analysis } = finding;
  if (symptom === 'is paused') return pauseWords(finding);
  if (analysis) return analysisWords(analysis);
  const line = inLine(said);
  // The kubelet's back-off names the pod and the container, and nothing else.
  if (/^back-off \S+ restarting failed container/i.test(line)) return '';
  const repeated = `Back-off pulling image "${container?.image}"`;
  return line.startsWith(repeated) ? line.slice(repeated.length).replace(/^[:\s]+/, '') : line;
}

/** Why a Rollout is paused, and what ends the pause. */
function pauseWords({ at, said, analysis }: Finding): string {
  const pause = at.rollout?.pause;
  const why = analysis ? analysisWords(analysis) : pause?.reason === '' ? SPEC_PAUSED : '';
  const end = pause ? endOfPause(pause, at) : '';
  const words = [why, end].filter((part) => part !== '').join('; ');
  return words === '' ? inLine(said) : words;
}

const SPEC_PAUSED = '`spec.paused` is true';

function endOfPause({ ends, since }: RolloutPause, { name, namespace }: TreeNode): string {
  if (ends === undefined) return '';
  if (ends === 'about-to') return 'it is about to go on';
  if (ends !== 'by-hand') return inLine(`it goes on by itself ${ends.after} after ${since}`);
  const command = `kubectl argo rollouts promote ${name} --namespace ${namespace}`;
  return `it waits for a person to resume it (${inLine(command)})`;
}

/** How Argo Rollouts tells of a metric: what is between is ours. */
const ASSESSED = /^metric "([^"]{1,253})" assessed \w+ due to (.*)$/is;

/** `metric success-rate of AnalysisRun web-6cf-2 failed (last value 0.87): failed (1) > …` */
function analysisWords({ name, analysis }: TreeNode): string {
  if (!analysis) return '';
  const [, assessed, due] = ASSESSED.exec(analysis.message) ?? [];
  const metric = metricOf(analysis, assessed);
  const measured = assessed ?? metric?.name ?? '';
  const what = measured === '' ? '' : `metric ${inLine(measured)} of `;
  const how = VERBS.get(analysis.phase) ?? `is ${analysis.phase}`;
  const value = metric && metric.value !== '' ? ` (last value ${cut(metric.value)})` : '';
  const why = inLine(due ?? (metric?.message || analysis.message));
  return `${what}AnalysisRun ${name} ${how}${value}${why === '' ? '' : `: ${why}`}`;
}

const VERBS: ReadonlyMap<string, string> = new Map([
  ['Failed', 'failed'],
  ['Error', 'ended in an error'],
  ['Inconclusive', 'was inconclusive'],
]);

/** The one that is named, or that ended as the analysis did. */
function metricOf({ metrics, phase }: AnalysisState, named: string | undefined) {
  return named === undefined
    ? metrics.find((each) => each.phase === phase)
    : metrics.find((each) => each.name === named);
}

/** UTF-16 units of a measured value: some are whole documents. */
const LONGEST_VALUE = 60;

function cut(value: string): string {
  const line = inLine(value);
  return line.length > LONGEST_VALUE ? `${line.slice(0, LONGEST_VALUE - 1)}…` : line;
}

/** `pod web-6cf`, `10 pods, such as web-6cf` */
function podNames(names: readonly string[], more: boolean): string {
  const [first = ''] = names;
  if (names.length === 0) return '';
  if (names.length === 1) return `pod ${first}`;
  return `${more ? 'at least ' : ''}${names.length} pods, such as ${first}`;
}
