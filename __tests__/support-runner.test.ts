import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parseCommandFile, runAction } from './support/action.ts';
import { commandsOf, renderer } from './support/workflow-commands.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fake-action-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** An action of its own, so that this says something about the runner only. */
function action(main: string): string {
  mkdirSync(join(root, 'dist'));
  writeFileSync(join(root, 'dist', 'index.mjs'), main);
  writeFileSync(
    join(root, 'action.yml'),
    `inputs:
  wait-for: { default: 'sync,health' }
  a name: {}
  github-token: { default: '\${{ github.token }}' }
runs: { using: node24, main: dist/index.mjs }
`,
  );
  return root;
}

test('inputs, defaults and files arrive as from a runner, and nothing of this machine', async () => {
  action(`import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
    const { env } = process;
    const file = env.RUNNER_TEMP + '/results.json';
    writeFileSync(file, '{"all":true}');
    const inputs = Object.entries(env).filter(([name]) => name.startsWith('INPUT_')).sort();
    appendFileSync(env.GITHUB_OUTPUT, 'inputs<<X\\n' + JSON.stringify(inputs) + '\\nX\\n');
    appendFileSync(env.GITHUB_OUTPUT, 'results-file=' + file + '\\n');
    appendFileSync(env.GITHUB_STEP_SUMMARY, '# Done');
    console.log(process.version, env.KUBECONFIG, process.cwd() === env.GITHUB_WORKSPACE);
    console.error(readFileSync('a/filters.yml', 'utf8'), readFileSync(env.GITHUB_EVENT_PATH, 'utf8'));
    process.exitCode = 3;`);
  process.env.KUBECONFIG = 'leaks';
  const result = await runAction({
    root,
    inputs: { 'a name': 'x' },
    githubToken: 'ghs',
    event: { ref: 'r' },
    files: { 'a/filters.yml': 'web: x' },
  });
  delete process.env.KUBECONFIG;
  expect(result).toMatchObject({ exitCode: 3, summary: '# Done', results: { all: true } });
  expect(result.stdout).toMatch(/^v24\.\S+ undefined true\n$/);
  expect(result.stderr).toBe('web: x {"ref":"r"}\n');
  expect(JSON.parse(result.outputs.inputs ?? '')).toEqual([
    ['INPUT_A_NAME', 'x'],
    ['INPUT_GITHUB-TOKEN', 'ghs'],
    ['INPUT_WAIT-FOR', 'sync,health'],
  ]);
});

test('a signal is sent when the log says so', async () => {
  action(`process.on('SIGTERM', () => { console.log('bye'); process.exit(1); });
    setInterval(() => {}, 1000);
    console.log('ready');`);
  const seen: string[] = [];
  const result = await runAction({
    root,
    signal: { name: 'SIGTERM', whenLog: /ready/ },
    onLine: (line) => seen.push(line),
  });
  expect([result.exitCode, seen]).toEqual([1, ['ready', 'bye']]);
});

test('a step that does not end is killed', async () => {
  action('setInterval(() => {}, 1000);');
  const result = await runAction({ root, killAfterMs: 100 });
  expect(result).toMatchObject({ exitCode: null, signal: 'SIGKILL' });
});

test('command files hold several lines, and values that look like lines', () => {
  expect(parseCommandFile('a=1\nb<<E=\nx\n\ny=2\nE=\nc=\n')).toEqual({
    a: '1',
    b: 'x\n\ny=2',
    c: '',
  });
  expect(() => parseCommandFile('b<<E\nx\n')).toThrow('does not end');
});

describe('workflow commands', () => {
  const LOG = `::add-mask::s3cret
::group::Waiting
for s3cret
::endgroup::
::error title=Not%3A done::50%25 of%0Ait
::debug::no
done`;

  test('are read', () => {
    expect(commandsOf(LOG).map(({ name }) => name)).toEqual([
      ...['add-mask', 'group', 'endgroup', 'error', 'debug'],
    ]);
    expect(commandsOf(LOG)[3]).toEqual({
      name: 'error',
      properties: { title: 'Not: done' },
      message: '50% of\nit',
    });
  });

  test('are shown as on the page of a run', () => {
    const shown = LOG.split('\n').map(renderer(false));
    expect(shown.filter((line) => line !== undefined)).toEqual([
      '▸ Waiting',
      '  for ***',
      '✖ Error: Not: done: 50% of\nit',
      'done',
    ]);
  });
});
