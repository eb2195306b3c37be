import {
  child,
  integer,
  type Node,
  object,
  objects,
  optional,
  required,
  text,
} from '../core/application/decode.js';
import { parseApplication } from '../core/application/parse.js';
import { type Application, keyOf, resourceName } from '../core/application/types.js';
import type { LiveTimes } from '../core/changes/classify.js';
import { InputError } from '../platform/errors.js';

/** What was seen of one Application at a moment. */
export interface Look {
  /** `namespace/name` */
  readonly key: string;
  /** Absent: it was deleted. */
  readonly application?: Application;
  /** Milliseconds since the recording began; 0 where it tells none. */
  readonly t: number;
  /** The newest time that the object has, in milliseconds since the epoch. */
  readonly newest: number;
}

/** What was read: one look at some Applications, or a recording of them over time. */
export interface Recording {
  readonly looks: readonly Look[];
  /** It tells when everything was seen. */
  readonly timed: boolean;
  /** What the recording waited for; empty: it does not say. */
  readonly revision: string;
  /** By resource name, what the recording has of live objects. */
  readonly live: ReadonlyMap<string, LiveTimes>;
}

const EXPECTED =
  'expected is what `kubectl get application NAME -n argocd -o json` prints, with or without `--watch --output-watch-events`, or a recording';

/**
 * Reads Applications as kubectl prints them (one, a list, a watch), or a recording of a watch.
 * @throws InputError with the line where the text is something else, DecodeError with the place
 */
export function readRecording(json: string): Recording {
  const documents = documentsOf(json).map(({ value, line }) => object(value, `line ${line}`));
  const head = documents.find(({ value }) => 'trace' in value);
  const looks = documents.flatMap(looksIn);
  if (looks.length === 0) {
    throw new InputError([`There is no Application in the standard input: ${EXPECTED}.`]);
  }
  return {
    looks,
    timed: documents.some(({ value }) => 't' in value),
    revision: head ? text(head, 'revision') : '',
    live: new Map(head ? objects(head, 'live').map(liveTimes) : []),
  };
}

function looksIn(document: Node): readonly Look[] {
  const { value, path } = document;
  if ('trace' in value) return [];
  if (Array.isArray(value['items'])) {
    return objects(document, 'items').map((item) => look(item, 'ADDED', 0));
  }
  const event = optional(document, 'object');
  if (!event) return [look(document, 'ADDED', 0)];
  const type = required(document, 'type');
  if (type === 'BOOKMARK') return [];
  if (type === 'ERROR') {
    throw new InputError([
      `${path}: the watch failed (${text(event, 'message')}): record it anew.`,
    ]);
  }
  return [look(event, type, integer(document, 't') ?? 0)];
}

function look(node: Node, type: string, t: number): Look {
  const kind = text(node, 'kind');
  if (kind !== 'Application') {
    const what = kind === '' ? 'has no kind' : `is of kind ${kind}`;
    throw new InputError([`${node.path} ${what}, it is no Application: ${EXPECTED}.`]);
  }
  const application = parseApplication(node.value);
  const newest = Math.max(newestIn(node.value['metadata']), newestIn(node.value['status']));
  const key = keyOf(application);
  return type === 'DELETED' ? { key, t, newest } : { key, t, newest, application };
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** The latest time anywhere in a JSON value; nothing in it can be later than when it was seen. */
function newestIn(value: unknown): number {
  if (typeof value === 'string' && TIME.test(value)) return Date.parse(value);
  if (typeof value !== 'object' || value === null) return Number.NEGATIVE_INFINITY;
  return Object.values(value)
    .map(newestIn)
    .reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
}

/** Argo CD's controller, among the managers of an object's fields. */
const WRITER = 'argocd-controller';

function liveTimes(node: Node): readonly [string, LiveTimes] {
  const metadata = child(node, 'metadata');
  const version = text(node, 'apiVersion');
  const name = resourceName({
    group: version.includes('/') ? (version.split('/')[0] ?? '') : '',
    kind: required(node, 'kind'),
    namespace: text(metadata, 'namespace'),
    name: required(metadata, 'name'),
  });
  const writes = objects(metadata, 'managedFields')
    .filter((entry) => text(entry, 'manager') === WRITER)
    .map((entry) => text(entry, 'time'));
  const lastWrite = writes.sort().at(-1) ?? '';
  return [name, { creationTimestamp: text(metadata, 'creationTimestamp'), lastWrite }];
}

interface Document {
  readonly value: unknown;
  /** Where it begins. */
  readonly line: number;
}

/** JSON objects one after the other, however they are laid out: kubectl spreads them over lines. */
function documentsOf(json: string): readonly Document[] {
  const documents: Document[] = [];
  let [depth, begin, line, beginLine] = [0, 0, 1, 1];
  let inText = false;
  for (let i = 0; i < json.length; i += 1) {
    const c = json[i];
    if (c === '\n') line += 1;
    if (inText) {
      if (c === '\\') i += 1;
      else if (c === '"') inText = false;
      continue;
    }
    if (c === '"' && depth > 0) inText = true;
    else if (c === '{') {
      if (depth === 0) [begin, beginLine] = [i, line];
      depth += 1;
    } else if (c === '}' && depth > 0) {
      depth -= 1;
      if (depth === 0) documents.push(parsed(json.slice(begin, i + 1), beginLine));
    } else if (depth === 0 && c !== undefined && /\S/.test(c) && c !== '\ufeff') {
      throw new InputError([`Line ${line} of the standard input is no JSON: ${EXPECTED}.`]);
    }
  }
  if (depth > 0) {
    const cut = 'ends in the middle of an object: was it cut off?';
    throw new InputError([`The standard input ${cut} It begins on line ${beginLine}.`]);
  }
  return documents;
}

function parsed(json: string, line: number): Document {
  try {
    return { value: JSON.parse(json) as unknown, line };
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new InputError([`The object on line ${line} is no JSON (${why}): ${EXPECTED}.`]);
  }
}
