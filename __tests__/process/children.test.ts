import { beforeAll, describe, expect, test } from '@jest/globals';
import { runAction, type StepResult } from '../support/action.ts';
import { startApiServer } from '../support/api-server.ts';
import { isStream, startArgocdServer } from '../support/argocd-server.ts';
import { type Fan, loadFan, playFan } from '../support/fan.ts';

/** The built action on the recording of an app of apps, through Kubernetes and through Argo CD. */

const fan = loadFan('app-of-apps');
/** A watch begins with a list. */
const LISTS: ReadonlySet<string> = new Set(['list', 'watch']);
const LAST = fan.events.at(-1)?.t ?? 0;

async function throughKubernetes(startAt: number) {
  const server = await startApiServer();
  const begin = server.seen(({ verb }) => verb === 'watch');
  const { url, token, ca } = server;
  const access = { server: url, token, 'certificate-authority': ca };
  const playing = playFan(server, fan, { begin, speed: 4, startAt });
  const result = await step(fan, access).finally(server.close);
  await playing;
  return { result, lists: server.requests.filter(({ verb }) => LISTS.has(verb)).length };
}

async function throughArgocd(startAt: number) {
  const server = await startArgocdServer({ rootPath: '/argocd' });
  const { url, token, ca } = server;
  const access = { source: 'argocd', 'argocd-server': url, 'argocd-token': token };
  const playing = playFan(server, fan, { begin: server.seen(isStream), speed: 4, startAt });
  const result = await step(fan, { ...access, 'certificate-authority': ca }).finally(server.close);
  if (startAt < LAST) await playing;
  return {
    result,
    lists: server.requests.filter(({ path }) => path.endsWith('/api/v1/applications')).length,
  };
}

function step({ revision }: Fan, access: Readonly<Record<string, string>>): Promise<StepResult> {
  const inputs = { application: 'root', children: 'true', revision, timeout: '60s' };
  return runAction({ inputs: { ...inputs, ...access }, killAfterMs: 70_000 });
}

type Run = Awaited<ReturnType<typeof throughArgocd>>;
type Runs = Readonly<Record<'watched' | 'late', Run>>;

/** `application: CLASS group/Kind/namespace/name` of what changed. */
function changesOf({ outputs }: StepResult): readonly string[] {
  const resources = JSON.parse(outputs['resources'] ?? '') as readonly Readonly<
    Record<string, string>
  >[];
  return resources
    .map(
      (r) =>
        `${r['application']}: ${r['change']} ${r['group']}/${r['kind']}/${r['namespace']}/${r['name']}`,
    )
    .sort();
}

const EXPECTED = Object.entries(fan.expect)
  .flatMap(([application, changes]) => changes.map((each) => `${application}: ${each}`))
  .sort();

describe.each([
  ['the Kubernetes API', throughKubernetes],
  ['the Argo CD API', throughArgocd],
] as const)('by %s', (_, through) => {
  let runs: Runs;
  beforeAll(async () => {
    const [watched, late] = await Promise.all([through(0), through(LAST)]);
    runs = { watched, late };
  });

  test('the watched one ends well, with all changes', () => {
    const { result } = runs.watched;
    expect(result.outputs).toMatchObject({
      conclusion: 'success',
      reason: 'synced',
      evidence: 'complete',
      message: '4 of 4 Applications succeeded',
    });
    expect(changesOf(result)).toEqual(EXPECTED);
  });

  test('begun after its end, it is over with one list', () => {
    const { result, lists } = runs.late;
    expect(result.outputs).toMatchObject({ conclusion: 'success', reason: 'synced' });
    expect(changesOf(result).length).toBe(EXPECTED.length);
    expect(lists).toBe(1);
  });
});
