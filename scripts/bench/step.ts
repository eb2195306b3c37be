import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { nodePath, ROOT } from '../../__tests__/support/action.ts';
import type { ApiServer } from '../../__tests__/support/api-server.ts';
import { B, type Look } from '../../__tests__/support/manifest.ts';
import type { Program } from './program.ts';

type Strings = Readonly<Record<string, string>>;

/** An Application whose revision is deployed. */
export const DONE: Look = {
  revision: B,
  startedAt: '2026-11-21T07:01:00Z',
  finishedAt: '2026-11-21T07:01:05Z',
  reconciledAt: '2026-11-21T07:01:06Z',
};

/** As many as a small workflow has. */
const FILTERS = `cdn: Ingress/*
web: apps/Deployment/*/web
config: ['ConfigMap/*', '!ConfigMap/*-cache']
`;

/** Directories of programs, in one that is removed at the end. */
export const WORK = mkdtempSync(join(tmpdir(), 'bench-'));
process.once('exit', () => rmSync(WORK, { recursive: true, force: true }));

export function byToken({ url, token, ca }: ApiServer): Strings {
  return { server: url, token, 'certificate-authority': ca };
}

/** @returns the built action as a runner starts it, with an outputs file and a summary file */
export function step(name: string, inputs: Strings): Program {
  const directory = join(WORK, name);
  const at = (file: string): string => join(directory, file);
  const files = {
    GITHUB_OUTPUT: at('output'),
    GITHUB_STEP_SUMMARY: at('summary.md'),
    GITHUB_STATE: at('state'),
    GITHUB_EVENT_PATH: at('event.json'),
  };
  return {
    file: nodePath(),
    args: [join(ROOT, 'dist', 'index.js')],
    cwd: directory,
    env: {
      ...inputsOf({ revision: B, filters: FILTERS, timeout: '2m', ...inputs }),
      ...files,
      PATH: process.env.PATH ?? '',
      HOME: directory,
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_API_URL: 'http://127.0.0.1:1',
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_EVENT_NAME: 'push',
      GITHUB_REPOSITORY: 'acme/shop',
      GITHUB_SHA: B,
      GITHUB_WORKSPACE: directory,
      RUNNER_TEMP: directory,
    },
    prepare() {
      rmSync(directory, { recursive: true, force: true });
      mkdirSync(directory, { recursive: true });
      for (const file of Object.values(files)) writeFileSync(file, '');
      writeFileSync(files.GITHUB_EVENT_PATH, '{}');
    },
  };
}

/** `INPUT_NAME` of every input: given, else its default. */
function inputsOf(given: Strings): Strings {
  const action = parse(readFileSync(join(ROOT, 'action.yml'), 'utf8')) as {
    readonly inputs: Readonly<Record<string, { readonly default?: string }>>;
  };
  const values = Object.entries(action.inputs).map(([name, { default: usual = '' }]) => {
    // A token of GitHub's, the only expression, is not needed here.
    const value = given[name] ?? (usual.includes('${{') ? '' : usual);
    return [`INPUT_${name.toUpperCase()}`, value];
  });
  return Object.fromEntries(values) as Strings;
}
