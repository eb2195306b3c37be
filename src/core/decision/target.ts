import type { Application, ApplicationSource, Revisions } from '../application/types.js';

/** What the user asked for by the input `revision`. */
export type RevisionRequest =
  | { readonly kind: 'auto' }
  | { readonly kind: 'none' }
  | { readonly kind: 'revision'; readonly text: string };

/** What a run knows of its own commit and of the repository it runs for. */
export interface RunOrigin {
  /** `owner/name` */
  readonly repository: string;
  /** `https://github.com`, or that of a GitHub Enterprise Server. */
  readonly serverUrl: string;
  /** The commit that `auto` means, or why no commit was found. */
  readonly commit:
    | {
        readonly kind: 'commit';
        readonly sha: string;
        readonly ref: string;
        readonly defaultBranch: string;
      }
    | { readonly kind: 'none'; readonly why: string };
}

/** The revision that is waited for. */
export type Target =
  /** Whatever is deployed. */
  | {
      readonly kind: 'any';
      readonly why: string;
      /**
       * Only what was deployed from then on (RFC 3339), or began during the wait, belongs to it;
       * empty: only the latter; absent: the last deployment, whenever it was.
       */
      readonly after?: string;
    }
  | {
      readonly kind: 'revision';
      readonly text: string;
      /** The sources the text speaks of, by index; absent: all of them. */
      readonly sources?: ReadonlySet<number>;
      /** `owner/name` of the repository that must first say which commit the text names. */
      readonly lookup?: string;
      /** It may be a branch, which is always “deployed”: nothing can be waited for. */
      readonly vague?: true;
      readonly why: string;
    };

/** Decides which revision to wait for, and says why, for the log. */
export function resolveTarget(
  request: RevisionRequest,
  run: RunOrigin,
  application: Application,
): Target {
  if (request.kind === 'none') return { kind: 'any', why: 'revision is none' };
  if (request.kind === 'revision') {
    const { text } = request;
    const why = 'named by the input revision';
    const own = sourcesOf(run, application);
    const sources = isSha(text) && own.size > 0 ? { sources: own } : {};
    if (own.size > 0 && mayBeName(text)) {
      return { kind: 'revision', text, ...sources, lookup: run.repository, why };
    }
    if (isSha(text)) return { kind: 'revision', text, ...sources, why };
    return withDoubt({ kind: 'revision', text, why }, application);
  }
  return automatic(run, application);
}

/** The target once its repository has said which commit the text names; undefined: none. */
export function lookedUp(
  target: Target,
  sha: string | undefined,
  application: Application,
): Target {
  if (target.kind === 'any') return target;
  const { lookup: _asked, ...rest } = target;
  if (sha === undefined) return isSha(rest.text) ? rest : withDoubt(rest, application);
  return { ...rest, text: sha, why: `${target.text} names ${sha}` };
}

/**
 * Versions, tags of images and digests name one thing forever; any other word may be a branch of a
 * Git source, unless only others track it.
 */
function withDoubt(
  target: Extract<Target, { kind: 'revision' }>,
  { sources }: Application,
): Target {
  const tracking = sources.filter((each) => each.targetRevision === target.text);
  const git = (tracking.length > 0 ? tracking : sources).some(isGit);
  const fixed = /^v?\d+(\.\d+)+/.test(target.text) || target.text.startsWith('sha256:');
  return git && !fixed ? { ...target, vague: true } : target;
}

function isGit({ chart, repoURL }: ApplicationSource): boolean {
  return chart === '' && !repoURL.startsWith('oci://');
}

/** `owner/name` of a source on the same GitHub as this run; undefined where it is elsewhere. */
export function repositoryAt(
  source: ApplicationSource | undefined,
  serverUrl: string,
): string | undefined {
  if (source?.chart !== '') return undefined;
  const [host, owner, name, ...rest] = repositoryOf(source.repoURL).split('/');
  const same = host !== '' && host === repositoryOf(serverUrl);
  return same && owner && name && rest.length === 0 ? `${owner}/${name}` : undefined;
}

function automatic(run: RunOrigin, application: Application): Target {
  const { commit } = run;
  if (commit.kind === 'none') return { kind: 'any', why: commit.why };
  const own = sourcesOf(run, application);
  if (own.size === 0) {
    return { kind: 'any', why: `no source of the Application is ${run.repository || 'known'}` };
  }
  const sources = new Set(
    [...own].filter((i) => tracks(application.sources[i], commit.ref, commit)),
  );
  if (sources.size === 0) {
    const tracked = [...own].map((i) => application.sources[i]?.targetRevision || 'HEAD');
    return {
      kind: 'any',
      why: `the Application tracks ${tracked.join(', ')} of ${run.repository}, and this run is for ${commit.ref}`,
    };
  }
  return { kind: 'revision', text: commit.sha, sources, why: "the run's commit" };
}

/** The indices of the sources that are the repository of this run. */
function sourcesOf(run: RunOrigin, application: Application): ReadonlySet<number> {
  const own = repositoryOf(`${run.serverUrl.replace(/(?<!\/)\/+$/, '')}/${run.repository}`);
  const indices = application.sources
    .map((source, i) => (source.chart === '' && repositoryOf(source.repoURL) === own ? i : -1))
    .filter((i) => i >= 0);
  return new Set(run.repository === '' ? [] : indices);
}

/**
 * `host/owner/name` of a Git URL in any of its forms (https, ssh, scp-like), in lower case. Linear,
 * also on slashes without end: anybody can put them into an Application.
 */
export function repositoryOf(url: string): string {
  const scp = /^(?:[^@/]+@)?([^:/]+):(?!\/\/)\/?(.+)$/.exec(url);
  const path = scp ? `${scp[1]}/${scp[2]}` : url.replace(/^[a-z+]+:\/\/(?:[^@/]*@)?/i, '');
  return path
    .toLowerCase()
    .replace(/^(?:www\.|ssh\.)(?=github\.com)/, '')
    .replace(/^([^/:]+):\d+(?=\/|$)/, '$1')
    .replace(/(?<!\/)\/+$/, '')
    .replace(/\.git$/, '');
}

/** Whether a source follows the ref: its branch or tag, or `HEAD` on the default branch. */
export function tracks(
  source: ApplicationSource | undefined,
  ref: string,
  commit: { readonly sha: string; readonly defaultBranch: string },
): boolean {
  const tracked = source?.targetRevision || 'HEAD';
  if (tracked === 'HEAD') return ref === `refs/heads/${commit.defaultBranch}`;
  if (isSha(tracked) && samePrefix(commit.sha, tracked)) return true;
  return [`refs/heads/${tracked}`, `refs/tags/${tracked}`, tracked].includes(ref);
}

/** Seven or more hex digits: a commit, or the beginning of one. */
export function isSha(text: string): boolean {
  return /^[0-9a-f]{7,64}$/i.test(text);
}

/** Digits alone may be a tag, of a date say, where they are not as many as a SHA has. */
function mayBeName(text: string): boolean {
  return !isSha(text) || /^\d{1,39}$/.test(text);
}

/**
 * Whether revisions are what the target names.
 * @param hydrated pairs of a source hydrator: a dry revision also names what it was hydrated to
 */
export function matches(
  target: Target,
  revisions: Revisions,
  hydrated: Application['hydrated'] = [],
): boolean {
  if (target.kind === 'any') return true;
  return revisions.resolved.some((resolved, i) => {
    if (target.sources && !target.sources.has(i)) return false;
    if (namesRevision(target.text, resolved)) return true;
    if (
      hydrated.some((pair) => pair.hydrated === resolved && namesRevision(target.text, pair.dry))
    ) {
      return true;
    }
    // In a registry a tag may look like a commit; a commit in Git is what it was resolved to.
    const mayBeTracked = mayBeName(target.text) || resolved.startsWith('sha256:');
    return mayBeTracked && sameVersion(target.text, revisions.tracked[i] ?? '');
  });
}

/** Whether a target's text names that revision, which is a full one. */
export function namesRevision(text: string, resolved: string): boolean {
  if (isSha(text)) return samePrefix(resolved.replace(/^sha256:/, ''), text);
  if (text.startsWith('sha256:')) return samePrefix(resolved, text);
  return sameVersion(text, resolved);
}

function samePrefix(full: string, prefix: string): boolean {
  return full.toLowerCase().startsWith(prefix.toLowerCase());
}

/** Whether the same is waited for, whatever the reason. */
export function isSameTarget(a: Target | undefined, b: Target): boolean {
  if (a?.kind === 'any') return b.kind === 'any' && a.after === b.after;
  if (a?.kind !== 'revision' || b.kind !== 'revision') return false;
  const keyOf = ({ text, sources, lookup, vague }: typeof b) =>
    JSON.stringify([text, sources && [...sources], lookup, vague]);
  return keyOf(a) === keyOf(b);
}

/** Equal but for a leading `v` and build metadata, which name the same version of a chart. */
function sameVersion(a: string, b: string): boolean {
  const plain = (text: string) =>
    /^v?\d+\.\d+/.test(text) ? text.replace(/^v/, '').replace(/\+.*$/, '') : text;
  return a !== '' && plain(a) === plain(b);
}

/** Revisions as one string, to tell states apart; empty while they are not resolved. */
export function revisionKey(revisions: Revisions): string {
  return revisions.resolved.join(',');
}

/**
 * Whether both are the same, also in what they were resolved from, as far as that is known: two tags
 * may name one commit.
 */
export function isSameRevisions(a: Revisions, b: Revisions): boolean {
  const isSame = (tracked: string, other = '') =>
    tracked === '' || other === '' || tracked === other;
  return (
    revisionKey(a) === revisionKey(b) && a.tracked.every((each, i) => isSame(each, b.tracked[i]))
  );
}

/** A commit's first eight digits; other revisions as they are. */
export function shortSha(revision: string): string {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(revision) ? revision.slice(0, 8) : revision;
}
