/** What else one can wait with: measured where it is on PATH, as it comes, on the same Application. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { nodePath } from '../../__tests__/support/action.ts';
import type { ApiServer } from '../../__tests__/support/api-server.ts';
import { B } from '../../__tests__/support/manifest.ts';
import { type Program, wallMs } from './program.ts';
import { WORK } from './step.ts';

export const POLL_MS = 5000;

export interface Rival {
  readonly name: string;
  /** As it tells it; of what is simulated there is none. */
  readonly version: string;
  readonly program: Program;
}

/** `kubectl wait`, with the cold discovery cache of a fresh runner. */
export async function kubectlWait(server: ApiServer): Promise<Rival | undefined> {
  const file = onPath('kubectl');
  if (!file) return undefined;
  const directory = join(WORK, 'kubectl');
  const config = join(directory, 'config');
  const program: Program = {
    file,
    args: [
      ...['wait', 'applications.argoproj.io/shop', '--namespace', 'argocd', '--timeout', '60s'],
      ...['--for', `jsonpath={.status.sync.revision}=${B}`],
    ],
    env: { PATH: process.env.PATH ?? '', HOME: directory, KUBECONFIG: config },
    prepare() {
      rmSync(directory, { recursive: true, force: true });
      mkdirSync(directory);
      writeFileSync(config, server.kubeconfig());
    },
  };
  const version = versionOf(file, ['version', '--client'], /Client Version: (\S+)/);
  return { name: 'kubectl wait', version, program };
}

/**
 * `argocd app wait` speaks gRPC to a server of Argo CD, which whoever runs this has to name:
 * ARGOCD_SERVER, ARGOCD_AUTH_TOKEN and ARGOCD_OPTS are its own, BENCH_ARGOCD_APPLICATION is the
 * name of an Application that is Synced and Healthy (default `argocd/shop`).
 */
export async function argocdWait(): Promise<Rival | undefined> {
  const { ARGOCD_SERVER, ARGOCD_AUTH_TOKEN = '', ARGOCD_OPTS = '' } = process.env;
  const file = onPath('argocd');
  if (!file || !ARGOCD_SERVER) return undefined;
  const application = process.env.BENCH_ARGOCD_APPLICATION ?? 'argocd/shop';
  const program: Program = {
    file,
    args: ['app', 'wait', application, '--timeout', '60'],
    env: {
      PATH: process.env.PATH ?? '',
      HOME: WORK,
      ARGOCD_SERVER,
      ARGOCD_AUTH_TOKEN,
      ARGOCD_OPTS,
    },
  };
  const version = versionOf(file, ['version', '--client'], /argocd: (v[\d.]+)/);
  return { name: 'argocd app wait', version, program };
}

/** A loop as people write it: look, and if it is not done, sleep. */
const LOOP = `
const { Agent, get } = require('node:https');
const { URL_, TOKEN, CA, REVISION, INTERVAL } = process.env;
const agent = new Agent({ keepAlive: true, ca: CA });
const look = () => get(URL_, { agent, headers: { authorization: 'Bearer ' + TOKEN } }, (response) => {
  let text = '';
  response.on('data', (chunk) => { text += chunk; });
  response.on('end', () => {
    const { sync, health, operationState } = JSON.parse(text).status;
    if (sync.status === 'Synced' && sync.revision === REVISION && health.status === 'Healthy' &&
        operationState?.phase === 'Succeeded') process.exit(0);
    setTimeout(look, Number(INTERVAL));
  });
});
look();`;

/** Simulated: the leanest loop there could be, one process with one connection that is kept. */
export function loop(
  { url, token, ca }: ApiServer,
  { application = 'shop', revision = B, intervalMs = POLL_MS } = {},
): Rival {
  const env = {
    URL_: `${url}/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/${application}`,
    TOKEN: token,
    CA: ca,
    REVISION: revision,
    INTERVAL: String(intervalMs),
  };
  const program: Program = { file: nodePath(), args: ['-e', LOOP], env };
  return { name: 'a loop that looks every 5 s (simulated)', version: '', program };
}

/** Those that do their work here; of one that does not it is said why. */
export async function working(rivals: readonly (Rival | undefined)[]): Promise<readonly Rival[]> {
  const tried = await Promise.all(
    rivals.map(async (rival) => {
      if (!rival) return undefined;
      try {
        await wallMs(rival.program);
        return rival;
      } catch (error) {
        console.error(`${rival.name} does not work here and is left out: ${String(error)}`);
        return undefined;
      }
    }),
  );
  return tried.filter((rival) => rival !== undefined);
}

function onPath(name: string): string | undefined {
  const places = (process.env.PATH ?? '').split(delimiter).map((each) => join(each, name));
  return places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function versionOf(file: string, args: readonly string[], pattern: RegExp): string {
  const { stdout } = spawnSync(file, args, { encoding: 'utf8' });
  return pattern.exec(stdout)?.[1] ?? 'unknown';
}
