import {
  child,
  DecodeError,
  integer,
  type Node,
  object,
  objects,
  optional,
  required,
  separateObjects,
  text,
} from '../core/application/decode.js';
import { parseApplication } from '../core/application/parse.js';
import { type Application, keyOf, resourceName } from '../core/application/types.js';
import type { LiveTimes } from '../core/changes/live-times.js';
import { InputError } from '../platform/errors.js';

/** What was seen of one Application at a moment. */
export interface RecordedState {
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
  readonly looks: readonly RecordedState[];
  /** It tells when everything was seen. */
  readonly timed: boolean;
  /** What the recording waited for; empty: it does not say. */
  readonly revision: string;
  /** By resource name, what the recording has of live objects. */
  readonly live: ReadonlyMap<string, LiveTimes>;
  /** What cannot be read in single Applications or resources, by place. */
  readonly problems: readonly string[];
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
  const problems = new Set<string>();
  const looks = documents.flatMap((each) => looksIn(each, problems));
  const [problem] = problems;
  if (looks.length === 0 && problem !== undefined) throw new DecodeError(problem);
  if (looks.length === 0) {
    throw new InputError([`There is no Application in the standard input: ${EXPECTED}.`]);
  }
  return {
    looks,
    timed: documents.some(({ value }) => 't' in value),
    revision: head ? text(head, 'revision') : '',
    live: new Map(head ? objects(head, 'live').map(liveTimes) : []),
    problems: [...problems],
  };
}

/** @param problems takes what cannot be read in one of several */
function looksIn(document: Node, problems: Set<string>): readonly RecordedState[] {
  const { value, path } = document;
  if ('trace' in value) return [];
  const read = (node: Node, type: string, t: number) => {
    try {
      return [look(node, type, t, problems)];
    } catch (thrown) {
      if (!(thrown instanceof DecodeError)) throw thrown;
      problems.add(thrown.message);
      return [];
    }
  };
  if (Array.isArray(value['items'])) {
    const report = ({ message }: DecodeError) => problems.add(message);
    return separateObjects(document, 'items', report).flatMap((item) => {
      return read({ value: item.value, path: item.path }, 'ADDED', 0);
    });
  }
  const event = optional(document, 'object');
  if (!event) return read(document, 'ADDED', 0);
  const type = required(document, 'type');
  if (type === 'BOOKMARK') return [];
  if (type === 'ERROR') {
    throw new InputError([
      `${path}: the watch failed (${text(event, 'message')}): record it again.`,
    ]);
  }
  return read(event, type, integer(document, 't') ?? 0);
}

function look(node: Node, type: string, t: number, problems: Set<string>): RecordedState {
  const kind = text(node, 'kind');
  if (kind !== 'Application') {
    const what = kind === '' ? 'has no kind' : `is of kind ${kind}`;
    throw new InputError([`${node.path} ${what}, it is no Application: ${EXPECTED}.`]);
  }
  const application = parseApplication(node.value, node.path);
  for (const problem of application.unreadableResources ?? []) problems.add(problem);
  const newest = Math.max(newestIn(node.value['metadata']), newestIn(node.value['status']));
  const key = keyOf(application);
  return type === 'DELETED' ? { key, t, newest } : { key, t, newest, application };
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** The latest time anywhere in a JSON value; nothing in it can be later than when it was seen. */
function newestIn(value: unknown): number {
  let newest = Number.NEGATIVE_INFINITY;
  const open = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next === 'string' && TIME.test(next)) newest = Math.max(newest, Date.parse(next));
    // Not by recursion: nobody bounds how deep it is.
    if (typeof next === 'object' && next !== null) {
      for (const each of Object.values(next)) open.push(each);
    }
  }
  return newest;
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
