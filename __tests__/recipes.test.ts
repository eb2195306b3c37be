import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { blocksIn, withBlocks } from '../scripts/recipe-blocks.ts';
import { parseDispatch } from '../src/event/payload.js';
import { ROOT } from './support/action.ts';
import { workflowProblems } from './support/blocks.ts';
import { isKnown, type KubeObject, manifestProblems, rolesAmong } from './support/manifests.ts';
import { misfits, type Shape } from './support/shape.ts';
import {
  ACTION,
  declared,
  injections,
  isOurs,
  type Job,
  problemsWith,
  type Step,
  unknownOutputs,
  type Workflow,
} from './support/workflows.ts';

/** The recipes can be copied: their files are what the systems that read them take. */

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const files = (pattern: string) => globSync(pattern, { cwd: ROOT }).sort();

const RECIPES = files('examples/*').map((path) => basename(path));
const WORKFLOWS = files('examples/*/*.yml');
const MANIFESTS = files('examples/*/*.yaml');
const PAGES = files('docs/recipes/*.md').filter((page) => basename(page) !== 'README.md');

type Json = Readonly<Record<string, unknown>>;

function objectsIn(path: string): readonly KubeObject[] {
  return parseAllDocuments(read(path)).map((document) => document.toJS() as KubeObject);
}

function only(path: string): KubeObject {
  const [first, ...more] = objectsIn(path);
  if (!first || more.length > 0) throw new Error(`${path} has not one object`);
  return first;
}

const ROLES = rolesAmong(MANIFESTS.flatMap(objectsIn));

test('there are recipes, each with a workflow and a page', () => {
  expect(RECIPES.length).toBeGreaterThanOrEqual(14);
  for (const recipe of RECIPES) {
    expect(WORKFLOWS).toContain(`examples/${recipe}/workflow.yml`);
  }
  expect(PAGES).toEqual(RECIPES.map((recipe) => `docs/recipes/${recipe}.md`));
});

describe('pages', () => {
  test.each(PAGES)('%s has the files of its recipe, as they are', (page) => {
    expect(withBlocks(read(page), read)).toBe(read(page));
    expect(blocksIn(read(page)).toSorted()).toEqual(files(`examples/${basename(page, '.md')}/*`));
  });

  test('are noticed when they are not', () => {
    const page = read('docs/recipes/purge-cdn.md');
    expect(withBlocks(page, () => 'on: push\n')).not.toBe(page);
  });

  test.each(PAGES)('%s says what was run', (page) => {
    expect(read(page)).toMatch(/^## What was run$/m);
  });

  test('the index leads to each', () => {
    const index = read('docs/recipes/README.md');
    expect(PAGES.filter((page) => !index.includes(`(${basename(page)})`))).toEqual([]);
  });
});

/** Objects whose form is checked further below, with the recipe that has them. */
const FORMS = [
  'argoproj.io/v1alpha1 Application',
  'argoproj.io/v1alpha1 ApplicationSet',
  'argoproj.io/v1alpha1 EventSource',
  'argoproj.io/v1alpha1 Sensor',
  'core.oam.dev/v1beta1 Application',
  'core.oam.dev/v1beta1 WorkflowStepDefinition',
];

describe('files', () => {
  test.each([...WORKFLOWS, ...MANIFESTS])('%s parses', (path) => {
    for (const document of parseAllDocuments(read(path))) {
      expect([...document.errors, ...document.warnings].map((each) => each.message)).toEqual([]);
    }
  });

  test.each(MANIFESTS)('%s has objects of Kubernetes', (path) => {
    for (const object of objectsIn(path)) {
      expect(object.apiVersion).toMatch(/^([a-z0-9.-]+\/)?v\d+((alpha|beta)\d+)?$/);
      expect(object.kind).toMatch(/^[A-Z][A-Za-z]+$/);
      expect(object.metadata.name).toMatch(/^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/);
      for (const value of Object.values(object.metadata.annotations ?? {})) {
        expect(typeof value).toBe('string');
      }
      for (const value of Object.values({ ...object.data, ...object.stringData })) {
        expect(typeof value).toBe('string');
      }
      for (const secret of Object.values(object.stringData ?? {})) {
        expect(secret).toContain('REPLACE-ME');
      }
      if (isKnown(object)) expect(manifestProblems(object, ROLES)).toEqual([]);
      else expect(FORMS).toContain(`${object.apiVersion} ${object.kind}`);
    }
  });
});

function workflowOf(path: string): Workflow {
  return parse(read(path)) as Workflow;
}

function stepsOf(path: string): readonly (readonly [Job, Step])[] {
  const jobs = Object.values(workflowOf(path).jobs ?? {});
  return jobs.flatMap((job) => (job.steps ?? []).map((step) => [job, step] as const));
}

describe('workflows', () => {
  test.each(WORKFLOWS)('%s is of the form that GitHub reads', (path) => {
    expect(workflowProblems(workflowOf(path))).toEqual([]);
  });

  test.each(WORKFLOWS)('%s says when, what it may do, and for how long', (path) => {
    const { on, permissions, jobs = {} } = workflowOf(path);
    expect([typeof on, typeof permissions]).toEqual(['object', 'object']);
    for (const job of Object.values(jobs)) {
      if (!job.steps?.some(isOurs)) continue;
      expect(job).toMatchObject({ 'timeout-minutes': expect.any(Number) });
    }
  });

  test.each(WORKFLOWS)('%s: the action accepts its inputs and filters', async (path) => {
    for (const [job, step] of stepsOf(path)) {
      if (!isOurs(step)) continue;
      expect(step.uses).toBe(ACTION);
      expect(Object.keys(declared.inputs)).toEqual(
        expect.arrayContaining(Object.keys(step.with ?? {})),
      );
      expect(await problemsWith(step)).toEqual([]);
      expect(minutesOf(step)).toBeLessThan((job as Json)['timeout-minutes'] as number);
    }
  });

  test.each(WORKFLOWS)('%s: outputs that are used exist, and reach scripts by env', (path) => {
    expect(unknownOutputs(read(path), workflowOf(path).jobs ?? {})).toEqual([]);
    expect(stepsOf(path).flatMap(([, step]) => injections(step))).toEqual([]);
  });

  test.each(WORKFLOWS)('%s: scripts of the repository are there, and it may be read', (path) => {
    for (const [job, { run = '' }] of stepsOf(path)) {
      if (!/(^|\s)\.\//.test(run)) continue;
      expect(job.steps?.some(({ uses }) => uses?.startsWith('actions/checkout@'))).toBe(true);
      expect(workflowOf(path).permissions).toHaveProperty('contents');
    }
  });

  test.each(WORKFLOWS)('%s: no run is cancelled unless a later one reports its changes', (path) => {
    const { concurrency } = workflowOf(path);
    // A wait for an image that a newer one replaces would be in vain.
    if (concurrency && !/^ +(?:since: last-success|image: .*)$/m.test(read(path)))
      expect(concurrency).toEqual({ group: expect.any(String), queue: 'max' });
  });

  test.each(WORKFLOWS)('%s: the last successful run may be looked up', (path) => {
    const { permissions } = workflowOf(path);
    for (const [job, step] of stepsOf(path)) {
      if (step.with?.['since'] !== 'last-success') continue;
      expect((job as Json)['permissions'] ?? permissions).toMatchObject({ actions: 'read' });
      expect(step.with['live-evidence']).not.toBe('off');
    }
  });

  test('some make up for the runs that GitHub drops from a queue', () => {
    const dropped = WORKFLOWS.filter((path) => {
      const { concurrency } = workflowOf(path);
      return concurrency && (concurrency as Json)['queue'] !== 'max';
    });
    const since = dropped.filter((path) => read(path).includes('since: last-success'));
    expect(since.length).toBeGreaterThanOrEqual(3);
  });

  test.each(WORKFLOWS)('%s: a matrix is guarded against being empty', (path) => {
    for (const job of Object.values(workflowOf(path).jobs ?? {})) {
      if (job.strategy?.matrix) expect(job.if).toMatch(/matched != '\[\]'/);
    }
  });

  test.each(WORKFLOWS)('%s: events are awaited where they are read', (path) => {
    const reads = stepsOf(path).some(([, step]) => step.with?.['source'] === 'event');
    const { on } = workflowOf(path);
    const types = (on as { repository_dispatch?: { types?: unknown } }).repository_dispatch?.types;
    if (reads) expect(types).toEqual(['argocd-post-sync']);
    else expect(types).not.toEqual(['argocd-post-sync']);
  });

  test('mistakes are noticed', async () => {
    const uses = ACTION;
    const step = (inputs: Json): Step => ({ id: 'sync', uses, with: inputs });
    expect(await problemsWith(step({ timeout: 'soon' }))).toHaveLength(1);
    expect(await problemsWith(step({ filters: 'web: a/b/c/d/e' }))).toHaveLength(1);
    const jobs = { job: { steps: [step({ filters: 'web: Deployment/*' })] } };
    expect(unknownOutputs('steps.sync.outputs.web', jobs)).toEqual([]);
    expect(unknownOutputs('steps.sync.outputs.cdn', jobs)).toEqual(['steps.sync.outputs.cdn']);
    expect(unknownOutputs('steps.snyc.outputs.web', jobs)).toEqual(['steps.snyc.outputs.web']);
    expect(unknownOutputs('needs.job.outputs.web', jobs)).toEqual(['needs.job.outputs.web']);
    for (const foreign of ['steps.sync.outputs.web', 'inputs.sha', 'github.event.number']) {
      expect(injections({ run: `echo \${{ ${foreign} }}` })).toHaveLength(1);
    }
    expect(injections({ run: `echo \${{ github.sha }}` })).toEqual([]);
  });
});

/** The step's own patience. */
function minutesOf(step: Step): number {
  if (step.with?.['source'] === 'event') return 0;
  const [, minutes] = /^(\d+)m$/.exec(String(step.with?.['timeout'] ?? '10m')) ?? [];
  return Number(minutes);
}

test('the event to try is one', () => {
  const event = JSON.parse(read('examples/repository-dispatch/event.json')) as Json;
  expect(event['action']).toBe('argocd-post-sync');
  expect(parseDispatch(event['client_payload'])).toMatchObject({ truncated: false });
});

/** Of the notifications engine: what a webhook service, a trigger and two templates may have. */
const ENGINE = {
  'service.webhook': {
    url: 'string',
    'headers?': [{ name: 'string', value: 'string' }],
    'retryMax?': 'integer',
    'retryWaitMin?': 'integer',
    'retryWaitMax?': 'integer',
  },
  'service.github': { appID: 'integer', installationID: 'integer', privateKey: 'string' },
  trigger: [{ 'description?': 'string', when: 'string', oncePer: 'string', send: ['string'] }],
  'template.webhook': {
    webhook: { '*': { method: 'string', path: 'string', body: 'string' } },
  },
  'template.github': {
    github: {
      repoURLPath: 'string',
      revisionPath: 'string',
      repositoryDispatch: { event_type: 'string', client_payload: 'string' },
    },
  },
} satisfies Readonly<Record<string, Shape>>;

const PAYLOAD = {
  top: 'application namespace revision operation deployStartedAt sync health total truncated resources',
  operation: 'phase startedAt finishedAt message dryRun selective previous',
  resource: 'group kind namespace name status message hookType hookPhase',
};

/**
 * The logic of the templates, as it was run by hand in the real engines on all recordings: they
 * gave the payloads of `payloads/`. After a change, run it there again, then change this.
 */
const RUN_BY_HAND = {
  notifications: '13fc6f22011416d9',
  argoEvents: 'cee4cac46239bfee',
  kubevela: '3eca3a9af5d86b8f',
};

const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16);

interface Trigger {
  readonly when: string;
  readonly oncePer: string;
  readonly send: readonly string[];
}

/** The configuration of a recipe's notifications, read as the controller does. */
function notificationsOf(recipe: string) {
  const { data = {}, metadata } = only(`examples/${recipe}/argocd-notifications-cm.yaml`);
  const keys = Object.keys(data);
  const value = (prefix: string): [name: string, value: unknown] => {
    const key = keys.find((each) => each.startsWith(prefix)) ?? '';
    return [key.slice(prefix.length), parse(data[key] ?? '')];
  };
  return { metadata, data, keys, value };
}

const FINAL_HOP = /\bapp(?:\.\w+)?(?:\?\.\w+)*/g;

/** Hops that fail on an Application without a status. */
function unsafeHops(expression: string): readonly string[] {
  const safe = expression.replaceAll(FINAL_HOP, '');
  return [...safe.matchAll(/\.\w+/g)].map(([hop]) => hop);
}

describe.each(['notifications-webhook', 'notifications-github'])('%s', (recipe) => {
  const { metadata, data, keys, value } = notificationsOf(recipe);
  const secret = only(`examples/${recipe}/argocd-notifications-secret.yaml`);
  const webhook = recipe.endsWith('webhook');

  test('goes where Argo CD reads it, with a service, a trigger and a template', () => {
    expect(metadata).toMatchObject({ name: 'argocd-notifications-cm', namespace: 'argocd' });
    expect(secret.metadata).toMatchObject({ name: 'argocd-notifications-secret' });
    expect(keys.map((key) => key.split('.')[0]).sort()).toEqual(['service', 'template', 'trigger']);
  });

  test('is of the form that the engine reads', () => {
    const service = webhook ? 'service.webhook' : 'service.github';
    const template = webhook ? 'template.webhook' : 'template.github';
    expect(misfits(value('service.')[1], ENGINE[service])).toEqual([]);
    expect(misfits(value('trigger.')[1], ENGINE.trigger)).toEqual([]);
    expect(misfits(value('template.')[1], ENGINE[template])).toEqual([]);
  });

  test('names what is there', () => {
    const [trigger, [condition]] = value('trigger.') as [string, [Trigger]];
    const [template] = value('template.');
    expect(condition.send).toEqual([template]);
    const [service] = webhook ? value('service.webhook.') : ['github'];
    const { annotations = {} } = only(`examples/${recipe}/application.yaml`).metadata;
    expect(Object.keys(annotations)).toEqual([
      `notifications.argoproj.io/subscribe.${trigger}.${service}`,
    ]);
    const used = Object.entries(data).flatMap(([key, text]) =>
      key.startsWith('service.') ? [...text.matchAll(/\$([\w-]+)/g)].map(([, name]) => name) : [],
    );
    expect(used).toEqual(Object.keys(secret.stringData ?? {}));
  });

  test('the trigger stands an Application that was never synced, and leaves out dry runs', () => {
    const [, [{ when, oncePer }]] = value('trigger.') as [string, [Trigger]];
    expect([...unsafeHops(when), ...unsafeHops(oncePer)]).toEqual([]);
    expect(when).toContain('operation?.sync?.dryRun != true');
    expect(when).toContain("in ['Succeeded', 'Failed', 'Error']");
    expect(oncePer).toBe('app.status?.operationState?.finishedAt');
  });

  test('the template has every key of the payload, and is the one that was run', () => {
    const logic = logicOf(recipe);
    for (const key of Object.values(PAYLOAD).join(' ').split(' ')) {
      expect(logic).toMatch(new RegExp(`"${key}" `));
    }
    expect(logic).toContain('60000');
    expect(digest(logic)).toBe(RUN_BY_HAND.notifications);
  });
});

/** What the two templates have in common: everything but how the payload is sent. */
function logicOf(recipe: string): string {
  const text = textsIn(notificationsOf(recipe).value('template.')[1]);
  const [, logic = ''] = /(\{\{- \$state .*)\{\{- toRawJson/s.exec(text) ?? [];
  return logic;
}

function textsIn(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value !== null
    ? Object.values(value).map(textsIn).join('\n')
    : '';
}

describe('notifications-webhook', () => {
  const { value } = notificationsOf('notifications-webhook');

  test('posts to the repository that the subscription names', () => {
    const [name] = value('service.webhook.');
    const [, template] = value('template.') as [string, { webhook: Json }];
    expect(template.webhook).toEqual({
      [name]: {
        method: 'POST',
        path: '/repos/{{ .recipient }}/dispatches',
        body: expect.stringContaining('"event_type" "argocd-post-sync" "client_payload" $payload'),
      },
    });
  });

  test('can be subscribed to for all Applications, in the same ConfigMap', () => {
    const { metadata, data = {} } = only('examples/notifications-webhook/subscriptions.yaml');
    expect(metadata).toEqual(notificationsOf('notifications-webhook').metadata);
    expect(Object.keys(data)).toEqual(['subscriptions']);
    const subscriptions: unknown = parse(data['subscriptions'] ?? '');
    expect(misfits(subscriptions, [{ recipients: ['string'], triggers: ['string'] }])).toEqual([]);
    const [service] = value('service.webhook.');
    const [trigger] = value('trigger.');
    expect(subscriptions).toEqual([{ recipients: [`${service}:acme/shop`], triggers: [trigger] }]);
  });

  test('retries by durations in nanoseconds', () => {
    const [, service] = value('service.') as [string, Readonly<Record<string, number>>];
    expect(service['retryWaitMin']).toBeGreaterThanOrEqual(1e9);
    expect(service['retryWaitMax']).toBeLessThanOrEqual(300e9);
  });

  test('mistakes are noticed', () => {
    const shape = ENGINE['service.webhook'];
    expect(misfits({ url: 'https://x', retryWaitMin: '2s' }, shape)).toEqual([
      '.retryWaitMin: not a integer',
    ]);
    expect(misfits({ uri: 'https://x' }, shape)).toEqual(['.url: missing', '.uri: unknown']);
    expect(unsafeHops("app.status?.operationState?.phase == 'Failed'")).toEqual([]);
    expect(unsafeHops("app.status.operationState?.phase == 'Failed'")).not.toEqual([]);
  });
});

const EVENT_SOURCE: Shape = {
  template: { serviceAccountName: 'string' },
  resource: {
    '*': {
      namespace: 'string',
      group: 'string',
      version: 'string',
      resource: 'string',
      eventTypes: ['string'],
      'filter?': { 'labels?': [{ key: 'string', 'operation?': 'string', value: 'string' }] },
    },
  },
};

const SENSOR: Shape = {
  dependencies: [
    {
      name: 'string',
      eventSourceName: 'string',
      eventName: 'string',
      transform: { jq: 'string' },
      filters: { data: [{ path: 'string', type: 'string', value: ['string'] }] },
    },
  ],
  triggers: [
    {
      template: {
        name: 'string',
        http: {
          url: 'string',
          method: 'string',
          headers: { '*': 'string' },
          secureHeaders: [
            { name: 'string', valueFrom: { secretKeyRef: { name: 'string', key: 'string' } } },
          ],
          payload: [
            {
              src: {
                dependencyName: 'string',
                'value?': 'string',
                'dataKey?': 'string',
                'useRawData?': 'boolean',
              },
              dest: 'string',
            },
          ],
        },
      },
      atLeastOnce: 'boolean',
      retryStrategy: { steps: 'integer', duration: 'string', 'factor?': 'string' },
      policy: { status: { allow: ['integer'] } },
    },
  ],
};

describe('argo-events', () => {
  const source = only('examples/argo-events/event-source.yaml');
  const sensor = only('examples/argo-events/sensor.yaml');
  const secret = only('examples/argo-events/secret.yaml');

  test('is of the form that Argo Events reads', () => {
    expect([source.apiVersion, source.kind]).toEqual(['argoproj.io/v1alpha1', 'EventSource']);
    expect([sensor.apiVersion, sensor.kind]).toEqual(['argoproj.io/v1alpha1', 'Sensor']);
    expect(misfits(source.spec, EVENT_SOURCE)).toEqual([]);
    expect(misfits(sensor.spec, SENSOR)).toEqual([]);
  });

  test('names what is there', () => {
    expect(sensor.spec).toMatchObject({
      dependencies: [{ name: 'application', eventSourceName: source.metadata.name }],
    });
    expect(source.spec).toMatchObject({
      resource: { changed: { resource: 'applications', eventTypes: ['UPDATE'] } },
    });
    const [account, , binding] = objectsIn('examples/argo-events/rbac.yaml');
    expect(source.spec).toMatchObject({ template: { serviceAccountName: account?.metadata.name } });
    expect(binding).toMatchObject({ subjects: [{ name: account?.metadata.name }] });
    const namespaces = [source, sensor, secret, account].map((each) => each?.metadata.namespace);
    expect(new Set(namespaces).size).toBe(1);
  });

  test('delivers at least once, what ended only, and believes 204 only', () => {
    expect(sensor.spec).toMatchObject({
      dependencies: [{ filters: { data: [{ path: 'ended', type: 'bool', value: ['true'] }] } }],
      triggers: [
        {
          template: {
            http: {
              method: 'POST',
              secureHeaders: [
                {
                  name: 'Authorization',
                  valueFrom: {
                    secretKeyRef: { name: secret.metadata.name, key: 'authorization' },
                  },
                },
              ],
              payload: [
                { src: { value: 'argocd-post-sync' }, dest: 'event_type' },
                { src: { dataKey: 'payload', useRawData: true }, dest: 'client_payload' },
              ],
            },
          },
          atLeastOnce: true,
          policy: { status: { allow: [204] } },
        },
      ],
    });
    expect(secret.stringData?.['authorization']).toMatch(/^Bearer /);
  });

  test('the transform has every key of the payload, and is the one that was run', () => {
    const [{ transform }] = (sensor.spec as { dependencies: [{ transform: { jq: string } }] })
      .dependencies;
    for (const key of Object.values(PAYLOAD).join(' ').split(' ')) {
      expect(transform.jq).toMatch(new RegExp(`\\b${key}: `));
    }
    expect(transform.jq).toContain('60000');
    expect(digest(transform.jq)).toBe(RUN_BY_HAND.argoEvents);
  });
});

describe('kubevela', () => {
  const definition = only('examples/kubevela/workflow-step-definition.yaml');
  const application = only('examples/kubevela/application.yaml');
  const { schematic } = definition.spec as { schematic: { cue: { template: string } } };
  const { template } = schematic.cue;

  test('the Application has the step that is defined, and the Secret that it reads', () => {
    const { workflow } = application.spec as {
      workflow: { steps: { type: string; properties: Json; dependsOn?: string[] }[] };
    };
    const step = workflow.steps.find(({ type }) => type === definition.metadata.name);
    expect(Object.keys(step?.properties ?? {})).toEqual(['repository']);
    expect(template).toMatch(/^\trepository: string$/m);
    const secret = only('examples/kubevela/secret.yaml');
    expect(secret.metadata.namespace).toBe(application.metadata.namespace);
    expect(template).toContain(`name: *"${secret.metadata.name}" | string`);
    expect(template).toContain(`key:  *"${Object.keys(secret.stringData ?? {})[0]}" | string`);
    const types = /eventType: \*"([^"]+)"/.exec(template)?.[1];
    expect(workflowOf('examples/kubevela/workflow.yml').on).toEqual({
      repository_dispatch: { types: [types] },
    });
  });

  test('the definition is the one that was run', () => {
    expect(template).toContain('statusCode >= 300');
    expect(digest(template)).toBe(RUN_BY_HAND.kubevela);
  });

  test('the health check knows the phases that end', () => {
    const { data = {} } = only('examples/kubevela/argocd-cm.yaml');
    const lua = data['resource.customizations.health.core.oam.dev_Application'] ?? '';
    for (const [phase, health] of [
      ['running', 'Healthy'],
      ['workflowSuspending', 'Suspended'],
      ['workflowFailed', 'Degraded'],
      ['workflowTerminated', 'Degraded'],
      ['unhealthy', 'Degraded'],
    ]) {
      expect(lua).toContain(`${phase} = "${health}"`);
    }
    expect(lua).toContain('observedGeneration < obj.metadata.generation');
  });
});

const SOURCE: Shape = { repoURL: 'string', targetRevision: 'string', path: 'string' };

/** Of Argo CD's Applications, what the recipes use. */
const APPLICATION: Readonly<Record<string, Shape>> = {
  project: 'string',
  source: SOURCE,
  destination: { server: 'string', namespace: 'string' },
  syncPolicy: {
    automated: { 'prune?': 'boolean', 'selfHeal?': 'boolean' },
    'syncOptions?': ['string'],
  },
};

const OF_CHART: Shape = {
  ...APPLICATION,
  source: { repoURL: 'string', chart: 'string', targetRevision: 'string' },
};

const APPLICATION_SET: Shape = {
  goTemplate: 'boolean',
  goTemplateOptions: ['string'],
  generators: [
    {
      'git?': { repoURL: 'string', revision: 'string', directories: [{ path: 'string' }] },
      'pullRequest?': {
        github: {
          owner: 'string',
          repo: 'string',
          'labels?': ['string'],
          'tokenRef?': { secretName: 'string', key: 'string' },
        },
        'requeueAfterSeconds?': 'integer',
      },
    },
  ],
  template: {
    metadata: {
      name: 'string',
      'labels?': { '*': 'string' },
      'annotations?': { '*': 'string' },
    },
    spec: APPLICATION,
  },
};

test.each(MANIFESTS)('%s: Applications of Argo CD are of its form', (path) => {
  for (const { apiVersion, kind, spec } of objectsIn(path)) {
    if (!apiVersion.startsWith('argoproj.io/')) continue;
    if (kind === 'Application') {
      const [git, chart] = [misfits(spec, APPLICATION), misfits(spec, OF_CHART)];
      expect(chart.length === 0 ? chart : git).toEqual([]);
    }
    if (kind === 'ApplicationSet') expect(misfits(spec, APPLICATION_SET)).toEqual([]);
  }
});

test('a workflow names the Applications that its manifests make', () => {
  const named = (recipe: string, file = 'workflow.yml') =>
    stepsOf(join('examples', recipe, file)).flatMap(([, step]) =>
      isOurs(step) ? [step.with?.['application'] ?? step.with?.['selector']] : [],
    );
  const [shop, checks] = objectsIn('examples/separate-application/applications.yaml');
  expect(named('separate-application')).toEqual([
    `${shop?.metadata.name}, ${checks?.metadata.name}`,
  ]);
  const [previews] = objectsIn('examples/preview-environments/applicationset.yaml');
  expect(JSON.stringify(previews)).toContain('shop-pr-{{ .number }}');
  for (const file of ['workflow.yml', 'cleanup.yml']) {
    expect(named('preview-environments', file)).toEqual([`shop-pr-\${{ github.event.number }}`]);
  }
  const [monorepo] = objectsIn('examples/monorepo/applicationset.yaml');
  expect(JSON.stringify(monorepo)).toContain('"labels":{"repository":"shop-monorepo"}');
  expect(named('monorepo')).toEqual(['repository=shop-monorepo']);
});
