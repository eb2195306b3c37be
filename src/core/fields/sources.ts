import { isJson, type Json, jsonAt } from './lists.js';

/**
 * Whether an entry of an Application's history was rendered from the sources that its spec has now,
 * whatever their revisions: the API renders any revision by the present spec.
 */
export function isOfSameSources(spec: Json, entry: Json): boolean {
  const recorded = sourcesIn(entry);
  return recorded.length > 0 && canonical(recorded) === canonical(sourcesIn(spec));
}

function sourcesIn(holder: Json): readonly Json[] {
  const several = holder['sources'];
  if (Array.isArray(several) && several.length > 0) return several.filter(isJson);
  const hydrator = holder['sourceHydrator'];
  if (isJson(hydrator)) return [hydratedSource(hydrator)];
  return [holder['source']].filter(isJson);
}

/** What is deployed of a hydrated Application is what the hydrator wrote. */
function hydratedSource(hydrator: Json): Json {
  const { repoURL } = jsonAt(hydrator, 'drySource');
  return { repoURL, ...jsonAt(hydrator, 'syncSource') };
}

/** Which revision is rendered, and what the source is called, is not what it is made of. */
const BESIDE = ['name', 'targetBranch', 'targetRevision'];

function canonical(sources: readonly Json[]): string {
  return JSON.stringify(sources.map((each) => ordered(without(each))));
}

function without(source: Json): Json {
  return Object.fromEntries(Object.entries(source).filter(([key]) => !BESIDE.includes(key)));
}

/** Keys in order, and empty values away: the API server writes some, others not. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (!isJson(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, ordered(value[key])] as const)
      .filter(([, each]) => !isEmpty(each)),
  );
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
