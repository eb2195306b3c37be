import { DecodeError } from '../../core/application/decode.js';
import { parseApplication } from '../../core/application/parse.js';
import {
  type Application,
  keyOf,
  type ResourceKey,
  resourceName,
} from '../../core/application/types.js';
import type { RenderedDeployment } from '../../core/changes/rendered.js';
import type { Deployed, Previous } from '../../core/changes/scope.js';
import { isJson, type Json } from '../../core/fields/lists.js';
import {
  type RenderedResources,
  type Rendering,
  renderedResources,
} from '../../core/fields/rendering.js';
import { isOfSameSources } from '../../core/fields/sources.js';
import { type Answer, retryAfterMs, sayingOf } from '../../http/answers.js';
import type { Connection } from '../../http/connection.js';
import { list, record, text } from '../../http/json.js';
import { LIMITS, type Limits } from '../../http/limits.js';
import { withRetries } from '../../http/retry.js';
import { transport } from '../../http/transport.js';
import type { Clock } from '../../platform/clock.js';
import { type TerminalError, TransientError } from '../../platform/errors.js';
import { lackOf } from '../bounded.js';
import { applicationPath } from './applications.js';
import { type Api, ask } from './ask.js';
import { type ArgocdAction, policyObject, refusal } from './refusals.js';

/** A deployment whose manifests are asked for. */
export interface RenderingQuery {
  readonly application: Pick<Application, 'namespace' | 'name'>;
  readonly deployed: Deployed;
  /** Where it is recent enough, the history of the Application is not asked. */
  readonly previous?: Previous;
}

export type RenderingAnswer =
  | { readonly kind: 'rendered'; readonly found: RenderedDeployment }
  | { readonly kind: 'unknown'; readonly message: string; readonly remedy: string };

export interface RenderingReader {
  /** Never rejects. */
  read(query: RenderingQuery, signal: AbortSignal): Promise<RenderingAnswer>;
  /** Ends its connections. */
  close(): void;
}

export interface RenderingOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly random: () => number;
  /** For tests. */
  readonly limits?: Partial<Limits>;
}

/**
 * Reads what Argo CD renders of the revisions before and after a deployment. It takes the right to
 * get the Application and no other.
 */
export function renderingReader(options: RenderingOptions): RenderingReader {
  const { connection, clock } = options;
  const limits = { ...LIMITS, ...options.limits };
  const pool = transport(connection, clock, undefined, limits);
  const asking: Asking = { ...options, transport: pool, server: connection.name };
  return {
    async read(query, signal) {
      try {
        return await rendered(asking, query, signal);
      } catch (thrown) {
        return { kind: 'unknown', ...lackOf(thrown) };
      }
    },
    close: () => pool.close(),
  };
}

interface Asking extends Api, Pick<RenderingOptions, 'clock' | 'random'> {}

function unknown(message: string): RenderingAnswer {
  return { kind: 'unknown', message, remedy: '' };
}

async function rendered(
  asking: Asking,
  query: RenderingQuery,
  signal: AbortSignal,
): Promise<RenderingAnswer> {
  const told = query.previous && (await byPrevious(asking, query, query.previous, signal));
  return told ?? byHistory(asking, query, signal);
}

/** The spec may be edited at any time, and any revision is rendered by the present one. */
const RECENT_MS = 5 * 60_000;

/** @returns undefined where that was deployed too long ago to take the sources for the same */
async function byPrevious(
  asking: Asking,
  { application, deployed }: RenderingQuery,
  { revisions, several, asOf }: Previous,
  signal: AbortSignal,
): Promise<RenderingAnswer | undefined> {
  const of = { named: application, several, object: `PROJECT/${application.name}` };
  const manifests = await bothOf(asking, of, [revisions, deployed.revisions], signal);
  const { server } = asking.clock.now();
  if (server === undefined || server - Date.parse(asOf) > RECENT_MS) return undefined;
  // What the Application has by now is not known, nor where its manifests go that do not say so.
  const resources = renderedResources({ ...manifests, namespace: '' });
  return { kind: 'rendered', found: { resources, managed: () => true, whole: false } };
}

async function byHistory(
  asking: Asking,
  { application: named, deployed }: RenderingQuery,
  signal: AbortSignal,
): Promise<RenderingAnswer> {
  const key = keyOf(named);
  const object = await applicationOf(asking, named, signal);
  const application = parseApplication(object);
  if (application.unreadable !== undefined) throw new DecodeError(application.unreadable);
  const { spec, status } = record(object);
  const entries = list(record(status).history).map(record);
  const [before, after] = entriesAround(application, deployed);
  const earlier = application.history[before]?.revisions.resolved ?? [];
  if (earlier.length === 0) {
    return unknown(`The history of ${key} has no deployment before that of ${deployed.startedAt}.`);
  }
  const exact = [entries[before], entries[after]].every(
    (entry) => entry === undefined || isOfSameSources(record(spec), entry),
  );
  if (!exact) {
    return unknown(
      `The sources of ${key} are not those that it was deployed from: Argo CD renders earlier revisions by the present spec.`,
    );
  }
  const several = list(record(spec).sources).length > 0;
  const of = { named, several, object: policyObject(application) };
  const manifests = await bothOf(asking, of, [earlier, deployed.revisions], signal);
  const { namespace } = application.destination;
  const resources = renderedResources({ ...manifests, namespace });
  const whole = isWhole(application, resources);
  return { kind: 'rendered', found: { resources, managed: managedBy(application), whole } };
}

function isWhole({ comparison }: Application, { of }: RenderedResources): boolean {
  return comparison.resources
    .filter((each) => !each.hook && !each.requiresPruning && each.name !== '')
    .every((each) => ['added', 'kept'].includes(of(each).kind));
}

/** Where in the history the deployment before is, and the last one that counts; -1: it is not. */
function entriesAround({ history }: Application, deployed: Deployed): readonly [number, number] {
  const first = history.findIndex((each) => each.startedAt >= deployed.startedAt);
  const revisions = deployed.revisions.join(' ');
  const last = history.findLastIndex((each) => each.revisions.resolved.join(' ') === revisions);
  return [first < 0 ? history.length - 1 : first - 1, last];
}

function managedBy({ comparison, destination }: Application): RenderedDeployment['managed'] {
  const names = new Set(comparison.resources.map(resourceName));
  return (resource: ResourceKey) =>
    ['', resource.namespace, destination.namespace].some((namespace) =>
      names.has(resourceName({ ...resource, namespace })),
    );
}

async function applicationOf(
  asking: Asking,
  { namespace, name }: RenderingQuery['application'],
  signal: AbortSignal,
): Promise<unknown> {
  const key = keyOf({ namespace, name });
  const action: ArgocdAction = { action: 'get', what: key, object: `PROJECT/${name}` };
  const query = new URLSearchParams({ appNamespace: namespace });
  const refused = (answer: Answer) => refusal(answer, action, asking.server);
  return get(asking, applicationPath(name), query, refused, signal);
}

/** Whose manifests. */
interface Rendered {
  readonly named: RenderingQuery['application'];
  /** Its sources are a list. */
  readonly several: boolean;
  /** As in `ArgocdAction`. */
  readonly object: string;
}

/** The same revisions are asked for once. */
async function bothOf(
  asking: Asking,
  of: Rendered,
  [earlier, later]: readonly [readonly string[], readonly string[]],
  signal: AbortSignal,
): Promise<Pick<Rendering, 'before' | 'after'>> {
  const isSame = earlier.join(' ') === later.join(' ');
  const [before, after] = await Promise.all([
    isSame ? undefined : manifestsOf(asking, of, earlier, signal),
    manifestsOf(asking, of, later, signal),
  ]);
  return { before: before ?? after, after };
}

async function manifestsOf(
  asking: Asking,
  { named, several, object }: Rendered,
  revisions: readonly string[],
  signal: AbortSignal,
): Promise<readonly Json[]> {
  const { namespace, name } = named;
  const query = new URLSearchParams({ appNamespace: namespace });
  for (const [each, value] of revisionQuery(several, revisions)) query.append(each, value);
  const what = `the manifests of ${keyOf(named)} at ${revisions.map(short).join(', ')}`;
  const action: ArgocdAction = { action: 'get', what, object };
  const refused = (answer: Answer) => refusalOfManifests(answer, action, asking.server);
  const answer = await get(asking, applicationPath(name, '/manifests'), query, refused, signal);
  return list(record(answer).manifests).flatMap(manifestIn);
}

/** Several sources go by position, from 1. */
function revisionQuery(
  several: boolean,
  revisions: readonly string[],
): readonly (readonly [name: string, value: string])[] {
  if (!several) return [['revision', revisions[0] ?? '']];
  return revisions.flatMap((revision, i) => [
    ['revisions', revision] as const,
    ['sourcePositions', String(i + 1)] as const,
  ]);
}

function short(revision: string): string {
  return /^[0-9a-f]{40,}$/.test(revision) ? revision.slice(0, 7) : revision;
}

function manifestIn(text: unknown): readonly Json[] {
  if (typeof text !== 'string') return [];
  try {
    return [JSON.parse(text)].filter(isJson);
  } catch {
    return [];
  }
}

function refusalOfManifests(
  answer: Answer,
  action: ArgocdAction,
  server: string,
): TerminalError | TransientError {
  if (answer.status !== 400) return refusal(answer, action, server);
  const said = sayingOf(answer, (body) => text(body.message) || text(body.error));
  return new TransientError(
    `${server} could not render ${action.what}: ${said}`,
    retryAfterMs(answer.retryAfter),
  );
}

function get(
  asking: Asking,
  path: string,
  query: URLSearchParams,
  refused: (answer: Answer) => Error,
  signal: AbortSignal,
): Promise<unknown> {
  const request = { path: `${path}?${query}`, compressed: true, kind: 'list' } as const;
  return withRetries(() => ask(asking, request, refused, signal), asking, signal);
}
