import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { accessTo, afterFirstLook, expectEnd, said } from '../process/steps.ts';
import type { StepResult } from '../support/action.ts';
import { type ApiServer, startApiServer } from '../support/api-server.ts';
import {
  type ArgocdServer,
  type ArgocdServerOptions,
  startArgocdServer,
} from '../support/argocd-server.ts';
import { type Fan, loadFan, playFan } from '../support/fan.ts';
import { A, B, type Look, manifest } from '../support/manifest.ts';
import { applicationsOf } from '../support/results.ts';
import { runHere } from '../support/run-here.ts';
import { type SetLook, setManifest } from '../support/set-manifest.ts';

type Inputs = Readonly<Record<string, string>>;

function step(access: Inputs, inputs: Inputs): Promise<StepResult> {
  return runHere({
    inputs: { ...access, applicationset: 'shops', revision: 'none', timeout: '60s', ...inputs },
  });
}

function argocdAccess({ url, token, ca }: ArgocdServer): Inputs {
  const way = { source: 'argocd', 'argocd-server': url, 'argocd-token': token };
  return { ...way, 'certificate-authority': ca };
}

/** An Application that an ApplicationSet owns, without auto-sync. */
function owned(name: string, look: Look = {}, set = 'shops') {
  const object = manifest(name, { syncPolicy: {}, ...look });
  const ownerReferences = [{ kind: 'ApplicationSet', name: set }];
  return { ...object, metadata: { ...object.metadata, ownerReferences } };
}

let server: ApiServer;
beforeEach(async () => {
  server = await startApiServer();
});
afterEach(async () => {
  await server.close();
});

function stepHere(inputs: Inputs = {}): Promise<StepResult> {
  return step(accessTo(server), inputs);
}

function namesIn(result: StepResult): readonly string[] {
  return applicationsOf(result).map(({ application }) => application);
}

describe('the Applications that an ApplicationSet generates', () => {
  test('all of them and no others, by one watch each', async () => {
    server.put(setManifest({ applications: ['set-a', 'set-b'] }));
    for (const each of [owned('set-a'), owned('set-b'), owned('other', {}, 'web')])
      server.put(each);
    server.put(manifest('shops'));
    const result = await stepHere();
    expectEnd(result, 'success', 'synced');
    expect(namesIn(result)).toEqual(['set-a', 'set-b']);
    expect(
      server.requests.map(({ verb, path, query }) => [verb, path, query['fieldSelector']]),
    ).toEqual([
      [
        'watch',
        '/apis/argoproj.io/v1alpha1/namespaces/argocd/applicationsets',
        'metadata.name=shops',
      ],
      ['watch', '/apis/argoproj.io/v1alpha1/namespaces/argocd/applications', undefined],
    ]);
  });

  test('one that it lists and that is not there yet', async () => {
    server.put(setManifest({ applications: ['set-a', 'set-b'] }));
    server.put(owned('set-a'));
    afterFirstLook(server, () => server.put(owned('set-b')));
    const result = await stepHere();
    expectEnd(result, 'success', 'synced');
    expect(namesIn(result)).toEqual(['set-a', 'set-b']);
    expect(result.stdout).toContain(
      'ApplicationSet/shops: waiting for an Application of it to exist (set-b)',
    );
  });

  test('one that comes late and is listed late', async () => {
    server.put(setManifest({ state: 'generating', applications: ['set-a'] }));
    server.put(owned('set-a'));
    afterFirstLook(server, () => {
      server.put(owned('set-b', { revision: B }));
      server.put(setManifest({ applications: ['set-a', 'set-b'] }));
    });
    const result = await stepHere();
    expectEnd(result, 'success', 'synced');
    expect(namesIn(result)).toEqual(['set-a', 'set-b']);
  });

  test('one that it takes away while it is waited for', async () => {
    server.put(setManifest({ applications: ['set-a', 'set-b'] }));
    server.put(owned('set-a'));
    server.put(owned('set-b', { health: 'Progressing' }));
    afterFirstLook(server, () => {
      server.remove('argocd', 'set-b');
      server.put(setManifest({ applications: ['set-a'] }));
    });
    const result = await stepHere();
    expectEnd(result, 'success', 'synced');
    expect(namesIn(result)).toEqual(['set-a']);
  });

  test('with min-applications, until there are so many', async () => {
    server.put(setManifest({ applications: ['set-a'] }));
    server.put(owned('set-a'));
    afterFirstLook(server, () => {
      server.put(owned('set-b'));
      server.put(setManifest({ applications: ['set-a', 'set-b'] }));
    });
    const result = await stepHere({ 'min-applications': '2' });
    expectEnd(result, 'success', 'synced');
    expect(namesIn(result)).toEqual(['set-a', 'set-b']);
    expect(result.stdout).toContain('2 Applications to match (found 1: set-a)');
  });

  test('looked at once', async () => {
    server.put(setManifest({ applications: ['set-a', 'set-b'] }));
    server.put(owned('set-a'));
    const result = await stepHere({ timeout: '0' });
    expectEnd(result, 'timeout', 'missing');
    expect(namesIn(result)).toEqual(['set-a', 'ApplicationSet/shops']);
    server.put(owned('set-b'));
    expectEnd(await stepHere({ timeout: '0' }), 'success', 'synced');
  });

  test('of several, in several namespaces, by the Argo CD API', async () => {
    const elsewhere = { namespace: 'team' };
    const argocd = await startArgocdServer({
      objects: [
        setManifest({ applications: ['set-a'] }),
        setManifest({ ...elsewhere, name: 'web', applications: ['web-a'] }),
        owned('set-a'),
        owned('web-a', elsewhere, 'web'),
        owned('other', elsewhere),
      ],
    });
    const inputs = { applicationset: 'shops, team/web' };
    const result = await step(argocdAccess(argocd), inputs).finally(argocd.close);
    expectEnd(result, 'success', 'synced');
    expect(namesIn(result)).toEqual(['set-a', 'team/web-a']);
    const sets = argocd.requests.flatMap(({ path, query }) =>
      path.includes('/applicationsets/') ? `${query['appsetNamespace']} ${path}` : [],
    );
    expect(sets.sort()).toEqual([
      'argocd /api/v1/applicationsets/shops',
      'team /api/v1/applicationsets/web',
    ]);
  });

  test('with children, also those that its Applications manage', async () => {
    const kid = { group: 'argoproj.io', kind: 'Application', namespace: 'argocd', name: 'kid' };
    server.put(setManifest({ applications: ['set-a'] }));
    server.put(owned('set-a', { resources: [{ ...kid, status: 'Synced', version: 'v1alpha1' }] }));
    server.put(manifest('kid'));
    server.put(manifest('other', { health: 'Degraded' }));
    const result = await stepHere({ children: 'true' });
    expectEnd(result, 'success', 'synced');
    expect(namesIn(result)).toEqual(['set-a', 'kid']);
  });

  test('with children, and what one manages that it takes away goes with that', async () => {
    const kid = { group: 'argoproj.io', version: 'v1alpha1', kind: 'Application', name: 'kid' };
    const resources = [{ ...kid, namespace: 'argocd', status: 'Synced' }];
    server.put(setManifest({ applications: ['set-a'] }));
    server.put(owned('set-a', { health: 'Progressing' }));
    server.put(owned('set-b', { health: 'Progressing', resources }));
    server.put(manifest('kid', { health: 'Progressing' }));
    afterFirstLook(server, () => {
      server.remove('argocd', 'kid');
      server.remove('argocd', 'set-b');
      server.put(owned('set-a'));
    });
    const result = await stepHere({ children: 'true', timeout: '5s' });
    expectEnd(result, 'success', 'synced');
    expect(namesIn(result)).toEqual(['set-a']);
  });

  test('with a spec that was just changed: not before its controller has had time', async () => {
    const specWrittenAt = new Date(Date.now() - 8000).toISOString().replace(/\.\d+/, '');
    server.put(setManifest({ generation: 2, specWrittenAt, applications: ['set-a'] }));
    server.put(owned('set-a'));
    const result = await stepHere({ revision: A });
    expectEnd(result, 'success', 'synced');
    expect(result.stdout).toContain(
      'ApplicationSet/shops: waiting for its Applications to be generated for its present spec',
    );
  });
});

describe('an ApplicationSet that generates nothing', () => {
  const MISSING: readonly (readonly [string, SetLook | undefined, Inputs, string, string])[] = [
    ['it does not exist', undefined, {}, 'failure', 'missing'],
    ['it does not exist, skipped', undefined, { 'if-missing': 'skip' }, 'skipped', 'missing'],
    ['it never comes', undefined, { 'if-missing': 'wait', timeout: '1s' }, 'timeout', 'missing'],
    ['it generates none', { applications: [] }, {}, 'failure', 'missing'],
    ['it is being deleted', { deleting: true }, {}, 'failure', 'deleted'],
    ['it never generates', { state: 'none' }, { timeout: '1s' }, 'timeout', 'timeout'],
  ];

  test.each(MISSING)('%s', async (_, look, inputs, conclusion, reason) => {
    if (look) server.put(setManifest(look));
    const result = await stepHere(inputs);
    expectEnd(result, conclusion, reason);
    expect(namesIn(result)).toEqual(['ApplicationSet/shops']);
  });

  test('and reports an error, which is the cause at the timeout', async () => {
    const message = 'application references project shop which does not exist';
    server.put(setManifest({ state: { error: message }, applications: ['set-a'] }));
    server.put(owned('set-a'));
    const result = await stepHere({ timeout: '1s' });
    expectEnd(result, 'timeout', 'timeout');
    expect(said(result, 'error')[0]).toContain(message);
    expect(JSON.parse(result.outputs['causes'] ?? '')).toEqual([
      {
        application: 'ApplicationSet/shops',
        subject: 'ApplicationSet/shops',
        reason: 'ApplicationValidationError',
        message,
      },
    ]);
  });

  test('until an error goes away', async () => {
    server.put(setManifest({ state: { error: 'no such project' }, applications: [] }));
    afterFirstLook(server, () => {
      server.put(owned('set-a'));
      server.put(setManifest({ applications: ['set-a'] }));
    });
    const result = await stepHere();
    expectEnd(result, 'success', 'synced');
    expect(namesIn(result)).toEqual(['set-a']);
    expect(result.stdout).toContain(
      'its Applications to be generated (ApplicationValidationError): no such project',
    );
  });

  test('as it is deleted in the middle', async () => {
    server.put(setManifest({ applications: ['set-a'] }));
    server.put(owned('set-a', { health: 'Progressing' }));
    afterFirstLook(server, () => {
      server.remove('argocd', 'shops', 'ApplicationSet');
      server.remove('argocd', 'set-a');
    });
    const result = await stepHere();
    expectEnd(result, 'failure', 'deleted');
    expect(said(result, 'error')[0]).toContain('ApplicationSet/shops: it was deleted');
  });
});

test('a server that fails for ApplicationSets alone: unreachable, and not what is known of others', async () => {
  server.put(owned('set-a'));
  server.intercept = ({ path }) =>
    path.endsWith('/applicationsets') ? { kind: 'status', code: 500 } : undefined;
  const result = await stepHere({ timeout: '1s' });
  expectEnd(result, 'timeout', 'unreachable');
  expect(namesIn(result)).toEqual(['ApplicationSet/shops']);
});

describe('trigger: refresh', () => {
  const REFRESH = 'argocd.argoproj.io/application-set-refresh';
  const patches = () =>
    server.requests.flatMap(({ verb, path, status }) =>
      verb === 'patch' ? `${status} ${path.split('/').slice(-2).join('/')}` : [],
    );
  /** The controllers, which do what is asked for, each a moment later. */
  const playArgoCD = (generated: () => void) => {
    server.onPatch = ({ kind, metadata }) => {
      const { name, annotations } = metadata;
      if (kind !== 'ApplicationSet') setTimeout(() => server.put(owned(name)), 50);
      else if (annotations?.[REFRESH] !== undefined) setTimeout(generated, 50);
    };
  };

  test.each(['refresh', 'hard-refresh'])(
    '%s: the generators run again before anything is judged',
    async (trigger) => {
      server.put(setManifest({ applications: ['set-a'] }));
      server.put(owned('set-a'));
      playArgoCD(() => {
        server.put(owned('set-b'));
        server.put(setManifest({ applications: ['set-a', 'set-b'] }));
      });
      const result = await stepHere({ trigger });
      expectEnd(result, 'success', 'synced');
      expect(namesIn(result)).toEqual(['set-a', 'set-b']);
      expect(patches()[0]).toBe('200 applicationsets/shops');
      expect(patches().slice(1).sort()).toEqual([
        '200 applications/set-a',
        '200 applications/set-b',
      ]);
      expect(result.stdout).toContain(
        'Asked for the generators of the ApplicationSet argocd/shops to run again.',
      );
    },
  );

  test('asks for another run where one is under way', async () => {
    server.put(setManifest({ applications: ['set-a'], refreshing: true }));
    server.put(owned('set-a'));
    const versions: (string | undefined)[] = [];
    server.onPatch = (after, before) => {
      if (after.kind !== 'ApplicationSet') return server.put(owned(after.metadata.name));
      versions.push(before.metadata.resourceVersion, after.metadata.resourceVersion);
      return server.put(setManifest({ applications: ['set-a'] }));
    };
    expectEnd(await stepHere({ trigger: 'refresh' }), 'success', 'synced');
    const [before, after] = versions;
    expect(after).not.toBe(before);
  });

  test('of one that does not exist yet: it is waited for', async () => {
    server.put(owned('set-a'));
    playArgoCD(() => undefined);
    afterFirstLook(server, () => server.put(setManifest({ applications: ['set-a'] })));
    const result = await stepHere({ trigger: 'refresh', 'if-missing': 'wait' });
    expectEnd(result, 'success', 'synced');
    expect(patches()).toEqual(['404 applicationsets/shops', '200 applications/set-a']);
    expect(result.stdout).not.toContain('to run again');
  });

  test('is tried again after a passing fault, of those that are left', async () => {
    const web = { name: 'web', applications: ['web-a'] };
    server.put(setManifest({ applications: ['set-a'] }));
    server.put(setManifest(web));
    for (const each of [owned('set-a'), owned('web-a', {}, 'web')]) server.put(each);
    server.onPatch = ({ kind, metadata: { name } }) => {
      if (kind === 'ApplicationSet') {
        server.put(setManifest(name === 'web' ? web : { applications: ['set-a'] }));
      } else server.put(owned(name, {}, name === 'web-a' ? 'web' : 'shops'));
    };
    let faults = 0;
    server.intercept = ({ verb, path }) => {
      if (verb !== 'patch' || !path.endsWith('/web') || faults > 0) return undefined;
      faults += 1;
      return { kind: 'status', code: 503 };
    };
    const result = await stepHere({ applicationset: 'shops, web', trigger: 'refresh' });
    expectEnd(result, 'success', 'synced');
    expect(patches().slice(0, 3)).toEqual([
      '200 applicationsets/shops',
      '503 applicationsets/web',
      '200 applicationsets/web',
    ]);
  });

  test('that never gets through: nothing is judged by what was before', async () => {
    server.put(setManifest({ applications: ['set-a'] }));
    server.put(owned('set-a'));
    server.intercept = ({ verb, path }) =>
      verb === 'patch' && path.includes('/applicationsets/')
        ? { kind: 'status', code: 503 }
        : undefined;
    const result = await stepHere({ trigger: 'refresh', timeout: '1s' });
    expectEnd(result, 'timeout', 'unreachable');
  });

  test('that is not allowed, with the Role that would help', async () => {
    server.put(setManifest({ applications: ['set-a'] }));
    server.authorize = ({ verb, resource }) => verb !== 'patch' || resource !== 'applicationsets';
    const result = await stepHere({ trigger: 'refresh' });
    expectEnd(result, 'failure', 'forbidden');
    expect(said(result, 'error')[0]).toContain(
      'patch applicationsets.argoproj.io "shops" in namespace "argocd"',
    );
    expect(result.stdout).toContain('verbs: [get, list, watch, patch]');
  });

  test('by the Argo CD API, which cannot do it: only the Applications', async () => {
    const argocd = await startArgocdServer({
      objects: [setManifest({ applications: ['set-a'] }), owned('set-a')],
    });
    const inputs = { trigger: 'refresh' };
    const result = await step(argocdAccess(argocd), inputs).finally(argocd.close);
    expectEnd(result, 'success', 'synced');
    expect(result.stdout).toContain('has no request for the generators of an ApplicationSet');
  });
});

describe('without the right to read ApplicationSets', () => {
  test('of the cluster: the role to apply', async () => {
    server.authorize = ({ resource }) => resource !== 'applicationsets';
    const result = await stepHere();
    expectEnd(result, 'failure', 'forbidden');
    const [first = ''] = said(result, 'error');
    expect(first).toContain('applicationsets.argoproj.io in namespace "argocd"');
    expect(result.stdout).toContain('resources: [applicationsets]');
    expect(result.stdout).toContain('verbs: [get, list, watch]');
  });

  test('of Argo CD: the policy to add', async () => {
    const argocd = await startArgocdServer({
      allow: (action) => action !== 'get-applicationset',
      objects: [setManifest({ applications: ['set-a'] }), owned('set-a')],
    });
    const result = await step(argocdAccess(argocd), {}).finally(argocd.close);
    expectEnd(result, 'failure', 'forbidden');
    expect(said(result, 'error')[0]).toContain('to get ApplicationSet argocd/shops');
    expect(result.stdout).toContain('p, role:ci, applicationsets, get, PROJECT/shops, allow');
  });
});

const FAN = loadFan('applicationset-rolling-sync');
const SPEED = 10;
/** Its Applications settle by their own Date, which is not that of the recording. */
const TRUTH = ['set-dev', 'set-prod', 'set-staging'].map(
  (name) => [name, FAN.expect[name]?.map((each) => each.split('/').at(-1))] as const,
);

function changedIn(result: StepResult) {
  return applicationsOf(result).map((each) => [
    each.application,
    each['all-resources'].filter(({ change }) => change === 'updated').map(({ name }) => name),
  ]);
}

async function throughKubernetes(fan: Fan, inputs: Inputs, startAt = 0): Promise<StepResult> {
  const begin = server.seen(({ verb, path }) => verb === 'watch' && path.endsWith('/applications'));
  const playing = playFan(server, fan, { begin, speed: SPEED, startAt });
  const result = await stepHere(inputs);
  await playing;
  return result;
}

async function throughArgocd(
  fan: Fan,
  inputs: Inputs,
  options: ArgocdServerOptions = {},
): Promise<StepResult> {
  const argocd = await startArgocdServer(options);
  const begin = argocd.seen(({ path }) => path === '/api/v1/stream/applications');
  const playing = playFan(argocd, fan, { begin, speed: SPEED });
  const result = await step(argocdAccess(argocd), inputs);
  await playing.finally(argocd.close);
  return result;
}

describe('the recording of a RollingSync in three steps', () => {
  test('for a revision, through the cluster', async () => {
    const result = await throughKubernetes(FAN, { revision: FAN.revision });
    expectEnd(result, 'success', 'synced');
    expect(result.outputs['revision']).toBe(FAN.revision);
    expect(changedIn(result)).toEqual(TRUTH);
    expect(result.stdout).toContain('step 2 of 3 of the RollingSync of ApplicationSet shops');
  });

  test.each([true, false])('through Argo CD, with a stream: %s', async (setStreams) => {
    const inputs = { revision: FAN.revision, 'poll-interval': '1s' };
    const result = await throughArgocd(FAN, inputs, { setStreams });
    expectEnd(result, 'success', 'synced');
    expect(changedIn(result)).toEqual(TRUTH);
    expect(result.stdout.includes('ApplicationSets are listed every 1 s')).toBe(!setStreams);
  });

  /** All are compared with it then, and the ApplicationSet says Healthy of two, for the old one. */
  const compared = Math.max(
    ...TRUTH.map(
      ([name]) =>
        FAN.events.find(
          ({ object }) =>
            object.metadata.name === name && JSON.stringify(object.status).includes(FAN.revision),
        )?.t ?? 0,
    ),
  );

  test('for whatever is deployed: not while it seems done before it begins', async () => {
    const result = await throughKubernetes(FAN, {}, compared);
    expectEnd(result, 'success', 'synced');
    const all = applicationsOf(result) as readonly { readonly revision?: string }[];
    expect(all.map(({ revision }) => revision)).toEqual(TRUTH.map(() => FAN.revision));
  });
});

describe('without a revision to wait for', () => {
  const steps = ['', ''];
  const settled: SetLook = { applications: ['set-a', 'set-b'], steps };

  test('an Application is done when the RollingSync says so of what is compared', async () => {
    const rollout = (status: string, of: string) =>
      setManifest({
        ...settled,
        rollout: [
          ['set-a', 'Healthy', '1', A],
          ['set-b', status, '2', of],
        ],
      });
    server.put(rollout('Healthy', B));
    server.put(owned('set-a'));
    server.put(owned('set-b'));
    afterFirstLook(server, () => {
      server.put(rollout('Progressing', A));
      setTimeout(() => server.put(rollout('Healthy', A)), 200);
    });
    const result = await stepHere();
    expectEnd(result, 'success', 'synced');
    const wait = 'step 2 of 2 of the RollingSync of ApplicationSet shops to be done at';
    expect(result.stdout).toContain(
      `set-b: at aaaaaaaa · operation Succeeded · Synced · Healthy · waiting for ${wait} aaaaaaaa`,
    );
  });
});

describe('an Application alone, whose turn in a RollingSync has not come', () => {
  const ALONE = { applicationset: '', application: 'set-b', revision: B, timeout: '1s' };
  const waiting = setManifest({
    applications: ['set-a', 'set-b'],
    steps: ['', ''],
    rollout: [
      ['set-a', 'Progressing', '1', B],
      ['set-b', 'Waiting', '2', B],
    ],
  });
  const unsynced = owned('set-b', { revision: B, synced: A, sync: 'OutOfSync' });
  const TURN = 'step 1 of 2 waits for set-a (Progressing)';

  test.each(['kubernetes', 'argocd'])('by %s: the step and what it waits for', async (way) => {
    const argocd = await startArgocdServer({ objects: [waiting, unsynced] });
    for (const each of [waiting, unsynced]) server.put(each);
    const access = way === 'argocd' ? argocdAccess(argocd) : accessTo(server);
    const result = await step(access, ALONE).finally(argocd.close);
    expectEnd(result, 'timeout', 'timeout');
    expect(said(result, 'error')[0]).toContain(`for bbbbbbbb: ${TURN}\n`);
    expect(JSON.parse(result.outputs['causes'] ?? '')).toMatchObject([
      { application: 'set-b', subject: 'ApplicationSet/shops', reason: 'RollingSync' },
    ]);
  });

  test('without the right to look: once, what to allow', async () => {
    for (const each of [waiting, unsynced]) server.put(each);
    server.authorize = ({ resource }) => resource !== 'applicationsets';
    const result = await stepHere(ALONE);
    expectEnd(result, 'timeout', 'timeout');
    expect(result.stdout.split('resources: [applicationsets]')).toHaveLength(2);
    expect(said(result, 'error')[0]).toContain('it will sync it in its turn');
  });
});
