import { DecodeError } from '../../core/application/decode.js';
import { parseApplication } from '../../core/application/parse.js';
import {
  type Application,
  keyOf,
  type ResourceKey,
  resourceName,
} from '../../core/application/types.js';
import type { RenderedDeployment } from '../../core/changes/rendered.js';
import type { Deployed } from '../../core/changes/scope.js';
import { isJson, type Json } from '../../core/fields/lists.js';
import { type RenderedResources, renderedResources } from '../../core/fields/rendering.js';
import { isOfSameSources } from '../../core/fields/sources.js';
import { type Answer, retryAfterMs, sayingOf } from '../../http/answers.js';
import type { Connection } from '../../http/connection.js';
import { list, record, text } from '../../http/json.js';
import { LIMITS, type Limits } from '../../http/limits.js';
import { withRetries } from '../../http/retry.js';
import { transport } from '../../http/transport.js';
import type { Clock } from '../../platform/clock.js';
import { messageOf, TerminalError, TransientError } from '../../platform/errors.js';
import { applicationPath } from './applications.js';
import { type Api, ask } from './ask.js';
import { type ArgocdAction, refusal } from './refusals.js';

/** A deployment whose manifests are asked for. */
export interface RenderingQuery {
  readonly application: Pick<Application, 'namespace' | 'name'>;
  readonly deployed: Deployed;
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
        return unknown(messageOf(thrown), thrown instanceof TerminalError ? thrown.remedy : '');
      }
    },
    close: () => pool.close(),
  };
}

interface Asking extends Api, Pick<RenderingOptions, 'clock' | 'random'> {}

function unknown(message: string, remedy = ''): RenderingAnswer {
  return { kind: 'unknown', message, remedy };
}

async function rendered(
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
  const ask = (revisions: readonly string[]) =>
    manifestsOf(asking, { named, object, revisions }, signal);
  const isSame = earlier.join(' ') === deployed.revisions.join(' ');
  const [then, now] = await Promise.all([
    isSame ? undefined : ask(earlier),
    ask(deployed.revisions),
  ]);
  const { namespace } = application.destination;
  const resources = renderedResources({ before: then ?? now, after: now, namespace });
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

interface Rendering {
  readonly named: RenderingQuery['application'];
  readonly object: unknown;
  readonly revisions: readonly string[];
}

async function manifestsOf(
  asking: Asking,
  { named, object, revisions }: Rendering,
  signal: AbortSignal,
): Promise<readonly Json[]> {
  const { namespace, name } = named;
  const query = new URLSearchParams({ appNamespace: namespace });
  for (const [each, value] of revisionQuery(record(record(object).spec), revisions)) {
    query.append(each, value);
  }
  const what = `the manifests of ${keyOf(named)} at ${revisions.map(short).join(', ')}`;
  const refused = (answer: Answer) => refusalOfManifests(answer, what, object, asking.server);
  const answer = await get(asking, applicationPath(name, '/manifests'), query, refused, signal);
  return list(record(answer).manifests).flatMap(manifestIn);
}

/** Several sources go by position, from 1. */
function revisionQuery(
  spec: Json,
  revisions: readonly string[],
): readonly (readonly [name: string, value: string])[] {
  if (list(spec['sources']).length === 0) return [['revision', revisions[0] ?? '']];
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
  what: string,
  object: unknown,
  server: string,
): TerminalError | TransientError {
  const { metadata, spec, status } = record(object);
  const [name, namespace] = [text(record(metadata).name), text(record(metadata).namespace)];
  const own = text(record(status).controllerNamespace);
  // Policies have the namespace of an Application only where it is not that of Argo CD.
  const place = own === '' || own === namespace ? name : `${namespace}/${name}`;
  const project = text(record(spec).project) || 'default';
  if (answer.status !== 400) {
    return refusal(answer, { action: 'get', what, object: `${project}/${place}` }, server);
  }
  const said = sayingOf(answer, (body) => text(body.message) || text(body.error));
  return new TransientError(
    `${server} could not render ${what}: ${said}`,
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
