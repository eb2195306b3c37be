import type { Application } from '../../core/application/types.js';
import { repositoryAt, type Target } from '../../core/decision/target.js';
import type { ApplicationResult, Conclusion, Reason } from '../../core/result/vocabulary.js';
import type { Inputs } from '../../inputs/types.js';
import { clip, oneLine } from '../../report/escape.js';
import type { Report } from '../../report/report.js';

/** What a run knows of itself. */
export type Origin = Pick<Inputs, 'run' | 'source'>;

/** Of GitHub: what a Deployment's status may be. */
export type DeploymentState = 'in_progress' | 'success' | 'failure' | 'error' | 'inactive';

/** How an Application's deployment is to be on record. */
export interface DeploymentRecord {
  readonly environment: string;
  /** The commit, in full. */
  readonly commit: string;
  readonly state: DeploymentState;
  readonly description: string;
  /** Empty: not known. */
  readonly environmentUrl: string;
}

/** GitHub takes no longer description of a status, in characters. */
const DESCRIPTION_UNITS = 140;
/** Longer addresses are no link that anybody has meant. */
const URL_UNITS = 2000;

/** The commit whose deployment a wait is for; empty: it is known at the end, or never. */
export function awaitedCommit(application: Application, target: Target, origin: Origin): string {
  const own = application.sources.flatMap(({ repoURL }, i) => (isOwn(repoURL, origin) ? [i] : []));
  if (own.length === 0) return runCommit(origin);
  if (target.kind !== 'revision' || !isCommit(target.text)) return '';
  return own.some((i) => target.sources?.has(i) ?? true) ? target.text.toLowerCase() : '';
}

/** The record of each Application that was to be deployed; none of those that were skipped. */
export function deploymentRecords(report: Report, origin: Origin): readonly DeploymentRecord[] {
  return report.applications.flatMap((result) => {
    const commit = recordedCommit(result, origin);
    if (result.conclusion === 'skipped' || commit === '') return [];
    return [
      {
        environment: result.application,
        commit,
        state: stateOf(result),
        description: clip(oneLine(result.message), DESCRIPTION_UNITS),
        environmentUrl: environmentUrlOf(result),
      },
    ];
  });
}

/** The commit that the run is about, for its check and comment; empty: not in this repository. */
export function commitOf({ applications }: Report, origin: Origin): string {
  const awaited = new Set(applications.map((each) => ownTarget(each, origin)));
  const deployed = new Set(applications.map((each) => ownRevision(each, origin)));
  return only(awaited) || only(deployed) || runCommit(origin);
}

function only(commits: ReadonlySet<string>): string {
  const known = [...commits].filter((each) => each !== '');
  return known.length === 1 ? (known[0] ?? '') : '';
}

/** What runs, where it was deployed; else what was to run. */
function recordedCommit(result: ApplicationResult, origin: Origin): string {
  const [awaited, deployed] = [ownTarget(result, origin), ownRevision(result, origin)];
  const first = result.conclusion === 'success' ? deployed : awaited;
  return first || awaited || deployed || runCommit(origin);
}

function ownTarget(result: ApplicationResult, origin: Origin): string {
  const { target = '', repositories = [] } = result;
  if (!repositories.some((each) => isOwn(each, origin))) return '';
  if (isCommit(target)) return target.toLowerCase();
  const deployed = ownRevision(result, origin);
  return target !== '' && deployed.startsWith(target.toLowerCase()) ? deployed : '';
}

/** The revision of the sources that are this repository. An event does not say which ones are. */
function ownRevision(
  { revisions, revision, repositories }: ApplicationResult,
  origin: Origin,
): string {
  const own = repositories
    ? revisions.filter((_, i) => isOwn(repositories[i] ?? '', origin))
    : [revision];
  return only(new Set(own.filter(isCommit).map((each) => each.toLowerCase())));
}

function isOwn(repoURL: string, { run }: Origin): boolean {
  const repository = repositoryAt({ repoURL, targetRevision: '', chart: '' }, run.serverUrl);
  return repository !== undefined && repository === run.repository.toLowerCase();
}

/** A run that an event started has the head of the default branch, whatever the event is about. */
function runCommit({ run, source }: Origin): string {
  return run.commit.kind === 'commit' && source !== 'event' ? run.commit.sha : '';
}

function isCommit(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(text);
}

/** Ends that say nothing of the deployment itself. */
const OUTSIDE: readonly Reason[] = ['unauthorized', 'forbidden', 'unreachable', 'internal-error'];

function stateOf({
  conclusion,
  reason,
}: {
  readonly conclusion: Conclusion;
  readonly reason: Reason;
}): DeploymentState {
  if (conclusion === 'success') return 'success';
  return conclusion === 'failure' && !OUTSIDE.includes(reason) ? 'failure' : 'error';
}

/** Where users reach it, else its page in Argo CD. Argo CD allows `title|address`. */
function environmentUrlOf({ externalUrls = [], url = '' }: ApplicationResult): string {
  const addresses = [...externalUrls.map((each) => each.split('|').at(-1) ?? ''), url];
  const web = addresses.flatMap((each) => {
    const parsed = URL.parse(each);
    const fits = /^https?:$/.test(parsed?.protocol ?? '') && each.length <= URL_UNITS;
    return parsed && fits && parsed.username + parsed.password === '' ? [parsed.href] : [];
  });
  return web[0] ?? '';
}
