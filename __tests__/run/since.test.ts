import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { expectEnd, stepHere } from '../process/steps.ts';
import { type ApiServer, startApiServer } from '../support/api-server.ts';
import { type GithubServer, startGithub } from '../support/github-server.ts';
import { A, B, C, type Look, manifest } from '../support/manifest.ts';

/** B's run was cancelled: what B changed is to be reported by the run of C. */

let server: ApiServer;
let github: GithubServer;

beforeEach(async () => {
  [server, github] = await Promise.all([startApiServer(), startGithub()]);
  server.put(deployedC());
  server.setLive([written('of-b', 2), written('of-c', 3), written('neither', 0)]);
});
afterEach(async () => {
  await Promise.all([server.close(), github.close()]);
});

const resource = (name: string) => ({ kind: 'ConfigMap', version: 'v1', namespace: 'shop', name });
const deployed = (revision: string, minute: number) => ({
  revision,
  deployStartedAt: `2026-11-21T07:0${minute}:00Z`,
  deployedAt: `2026-11-21T07:0${minute}:05Z`,
});
const written = (name: string, minute: number) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name,
    namespace: 'shop',
    creationTimestamp: '2026-11-20T00:00:00Z',
    managedFields: [
      {
        manager: 'argocd-controller',
        operation: 'Apply',
        time: `2026-11-21T07:0${minute}:02Z`,
      },
    ],
  },
});

function deployedC(look: Look = {}) {
  const all = ['of-b', 'of-c', 'neither'].map(resource);
  const results = all.map((each) => ({
    ...each,
    status: 'Synced',
    message: `configmap/${each.name} serverside-applied`,
  }));
  return manifest('shop', {
    revision: C,
    startedAt: '2026-11-21T07:03:00Z',
    finishedAt: '2026-11-21T07:03:05Z',
    reconciledAt: '2026-11-21T07:03:07Z',
    results,
    resources: all.map((each) => ({ ...each, status: 'Synced' })),
    history: [deployed(A, 1), deployed(B, 2), deployed(C, 3)],
    ...look,
  });
}

async function step(
  inputs: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
) {
  const result = await stepHere(
    server,
    { revision: C, ...inputs },
    {
      githubToken: 'ghs_token',
      env: {
        GITHUB_API_URL: github.url,
        GITHUB_WORKFLOW_REF: 'acme/shop/.github/workflows/deploy.yml@refs/heads/main',
        ...env,
      },
    },
  );
  expectEnd(result, 'success', inputs['revision'] ? 'no-change' : 'synced');
  const resources = JSON.parse(result.outputs['resources'] ?? '[]') as { readonly name: string }[];
  const changed = resources.map((each) => each.name).toSorted();
  return { changed, evidence: result.outputs['evidence'], log: result.stdout };
}

test('without `since` it is lost', async () => {
  expect(await step({})).toMatchObject({ changed: ['of-c'], evidence: 'complete' });
  expect(github.requests).toEqual([]);
});

test('after a revision that is named', async () => {
  // What B pruned is not known.
  expect(await step({ since: A })).toMatchObject({
    changed: ['of-b', 'of-c'],
    evidence: 'partial',
  });
  expect(await step({ since: B })).toMatchObject({ changed: ['of-c'], evidence: 'complete' });
});

describe('after the last successful run', () => {
  const run = { file: 'deploy.yml', branch: 'main', conclusion: 'success' };

  test('which was for a deployment', async () => {
    github.repository.runs.push(
      { ...run, conclusion: 'cancelled', head_sha: B, created_at: '2026-11-21T07:01:50Z' },
      { ...run, head_sha: A, created_at: '2026-11-21T07:00:50Z' },
    );
    const { log, ...told } = await step({ since: 'last-success' });
    expect(told).toEqual({ changed: ['of-b', 'of-c'], evidence: 'partial' });
    expect(log).toContain(`the last successful run of this workflow on main was for ${A}`);
  });

  test('a commit that changes nothing reports what a dropped run would have', async () => {
    const head = 'e'.repeat(40);
    server.put(deployedC({ revision: head, synced: C, reconciledAt: '2026-11-21T07:09:00Z' }));
    github.repository.runs.push({ ...run, head_sha: B, created_at: '2026-11-21T07:01:50Z' });
    const told = await step({ since: 'last-success', revision: head });
    expect(told).toMatchObject({ changed: ['of-c'], evidence: 'complete' });
    expect(await step({ revision: head })).toMatchObject({ changed: [] });
  });

  test('which needed none', async () => {
    const head = 'd'.repeat(40);
    github.repository.runs.push({ ...run, head_sha: head, created_at: '2026-11-21T07:03:30Z' });
    const told = await step({ since: 'last-success' });
    expect(told).toMatchObject({ changed: ['of-c'], evidence: 'complete' });
    expect(told.log).not.toContain('is not in its history');
  });

  test('which there is none of: all on record counts, and the log says so', async () => {
    const told = await step({ since: 'last-success' });
    expect(told).toMatchObject({ changed: ['of-b', 'of-c'], evidence: 'partial' });
    expect(told.log).toContain('has succeeded yet');
    expect(told.log).toContain('shop: the revision of since is not in its history');
  });

  test('which the token may not ask for', async () => {
    github.rights.delete('actions: read');
    const told = await step({ since: 'last-success' });
    expect(told).toMatchObject({ changed: ['of-b', 'of-c'], evidence: 'partial' });
    expect(told.log).toContain('actions: read');
  });
});
