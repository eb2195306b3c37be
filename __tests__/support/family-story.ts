import { parseApplication } from '../../src/core/application/parse.js';
import { targetUnder } from '../../src/core/children/target.js';
import type { Policy, State } from '../../src/core/decision/state.js';
import { type RevisionRequest, resolveTarget } from '../../src/core/decision/target.js';
import type { Settled } from '../../src/core/result/settle.js';
import { policyOfManaged } from '../../src/wait/children.js';
import {
  type Effect,
  type Known,
  NOTHING_KNOWN,
  type WaitEvent,
  type WaitRules,
} from '../../src/wait/draft.js';
import { inFamily } from '../../src/wait/outcome.js';
import { isOver, reduce } from '../../src/wait/reducer.js';
import { applicationSelectors } from '../../src/wait/selection.js';
import type { Wait } from '../../src/wait/waits.js';
import { POLICY } from '../core/support/follow.ts';
import type { KubeObject } from './api/store.ts';
import { B } from './manifest.ts';

/** A wait for an Application and what it manages. */
export interface Given {
  readonly applications?: readonly string[];
  readonly applicationSets?: readonly string[];
  readonly selector?: string;
  readonly policy?: Partial<Policy>;
  readonly revision?: RevisionRequest;
  readonly failFast?: boolean;
  /** Namespaces that are watched; default `argocd`. */
  readonly namespaces?: readonly string[];
  /** The clock of the server at the beginning, in milliseconds; default: it is not known. */
  readonly server?: number;
}

const RUN = {
  repository: 'acme/shop',
  serverUrl: 'https://github.com',
  commit: { kind: 'commit', sha: B, ref: 'refs/heads/main', defaultBranch: 'main' },
} as const;

function rulesOf(given: Given): WaitRules {
  const {
    applicationSets = [],
    applications = ['root'],
    selector = '',
    revision = { kind: 'revision', text: B },
  } = given;
  const policy = { ...POLICY, ...given.policy };
  return {
    wanted: applicationSelectors({
      ...{ applications, applicationSets, selector, applicationNamespace: 'argocd' },
      children: true,
    }),
    minApplications: 1,
    policy,
    resolve: (application) => resolveTarget(revision, RUN, application),
    nameOf: (key) => key.replace('argocd/', ''),
    failFast: given.failFast ?? true,
    acts: false,
    since: { elapsed: 0 },
    children: {
      policy: policyOfManaged(policy),
      resolve: (application, leads) => targetUnder(leads, RUN, application),
      watches: (namespace) => (given.namespaces ?? ['argocd']).includes(namespace),
    },
  };
}

/** A wait, told of events one after the other. */
export function story(given: Given = {}) {
  const rules = rulesOf(given);
  const [waits, strangers] = [new Map<string, Wait>(), new Map<string, State>()];
  let known: Known = { ...NOTHING_KNOWN, waits, strangers };
  const effects: Effect[] = [];
  let elapsed = 0;
  const hear = (event: WaitEvent): void => {
    elapsed += 10;
    const server = given.server === undefined ? {} : { server: given.server + elapsed };
    const reduction = reduce(rules, known, event, { elapsed, ...server });
    effects.push(...reduction.effects);
    update(waits, reduction.changed);
    update(strangers, reduction.strangers);
    known = { waits, strangers, family: reduction.family, facts: reduction.facts };
  };
  const put = (object: KubeObject, gap = false) =>
    hear({ kind: 'application', application: parseApplication(object), gap });
  return {
    put,
    /** A complete list: these, and nothing else. */
    list(...objects: readonly KubeObject[]) {
      for (const object of objects) put(object);
      hear({ kind: 'listed', present: new Set(objects.map(keyOfObject)) });
    },
    gone: (name: string) => hear({ kind: 'deleted', key: `argocd/${name}`, uid: '' }),
    hear,
    later(ms: number) {
      elapsed += ms;
    },
    get over() {
      const open = [...waits.values()].filter(({ kind }) => kind === 'waiting');
      expect(known.facts.open).toBe(open.length);
      return isOver(rules, known);
    },
    /** In milliseconds. */
    get elapsed() {
      return elapsed;
    },
    /** Those that were asked for since they were taken last. */
    takeEffects: () => effects.splice(0),
    get known() {
      return known;
    },
    verdictOf(name: string) {
      const wait = waits.get(`argocd/${name}`);
      if (wait?.kind !== 'waiting') throw new Error(`nothing is waited for of ${name}`);
      return wait.verdict;
    },
    /** `name: conclusion/reason`, or what it waits for. */
    get standing() {
      return [...known.waits].map(([key, wait]) => {
        const name = rules.nameOf(key);
        if (wait.kind === 'waiting') return `${name}: ${wait.verdict.what}`;
        const { conclusion, reason } = wait.settled.end;
        return `${name}: ${conclusion}/${reason}`;
      });
    },
    /** In the order in which they are told. */
    get results() {
      const ends = new Map<string, Settled>();
      for (const [key, wait] of known.waits) if (wait.kind === 'done') ends.set(key, wait.settled);
      return [...inFamily({ ends }, known.family, rules.nameOf).ends.values()].map(
        ({ result }) => result,
      );
    },
  };
}

export function keyOfObject({ metadata }: KubeObject): string {
  return `${metadata.namespace}/${metadata.name}`;
}

export type Story = ReturnType<typeof story>;

function update<T>(kept: Map<string, T>, changed: ReadonlyMap<string, T | undefined>): void {
  for (const [key, value] of changed) {
    if (value === undefined) kept.delete(key);
    else kept.set(key, value);
  }
}

/** A resource of kind Application in a parent's status. */
export function kid(name: string, more: object = {}): object {
  const key = { group: 'argoproj.io', version: 'v1alpha1', kind: 'Application', name };
  return { ...key, namespace: 'argocd', status: 'Synced', ...more };
}
