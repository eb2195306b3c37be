/**
 * `npm run demo`: the built action waits for a recorded sync, as a step of a workflow would.
 * Needs no cluster and no network: an API server on the loopback replays what Argo CD wrote.
 */
import { runAction, type StepResult } from '../__tests__/support/action.ts';
import { startApiServer } from '../__tests__/support/api-server.ts';
import { inputsFor } from '../__tests__/support/client.ts';
import { loadTrace, replay, type Trace, traceNames } from '../__tests__/support/replay.ts';
import { renderer } from '../__tests__/support/workflow-commands.ts';
import { optionsOf } from './script.ts';

const DEFAULT = 'update-client-side';

const { positionals, has } = optionsOf(
  `npm run demo -- [NAME | --list]

The built action waits for a recorded sync, as a step of a workflow would: its log, its answers, its
summary. Needs no cluster and no network. Default for NAME: ${DEFAULT}.

  --list   the recordings there are, and what is special about each`,
  { positionals: 1, options: { list: { type: 'boolean' } } },
);

const FILTERS = `cdn: Ingress/*
web: apps/Deployment/*/web
config: ['ConfigMap/*', '!ConfigMap/*-cache']`;

/** A recording that takes longer is cut off. */
const LONGEST_MS = 180_000;

function heading(text: string): void {
  console.log(`\n── ${text} ${'─'.repeat(Math.max(0, 76 - text.length))}`);
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '    ');
}

function list(): void {
  for (const name of traceNames()) console.log(`${name}\n${indented(loadTrace(name).about)}\n`);
  console.log('Play one: npm run demo -- NAME');
}

/** The step as a workflow has it, and what to look at in what follows. */
function introduce({ trace, about, application, revision }: Trace): void {
  console.log(`Argo CD deploys a commit, and this action waits for it. What Argo CD wrote was recorded
on a real cluster; it is played back here, in real time.`);
  heading(`The recording ${trace}`);
  console.log(about);
  heading('The step');
  console.log(`- uses: OWNER/argocd-post-sync@v1
  with:
    application: ${application}
    revision: ${revision}
    filters: |
${FILTERS.replaceAll(/^/gm, '      ')}`);
  heading('Its log, as Argo CD goes on');
}

/** What later steps ask first: single values, then the filters, then the changed resources. */
function answers(outputs: Readonly<Record<string, string>>): void {
  for (const name of ['conclusion', 'reason', 'message', 'changed', 'evidence']) {
    console.log(`${name.padEnd(12)} ${outputs[name] ?? ''}`);
  }
  const filters = JSON.parse(outputs['filter-results'] ?? '{}') as Readonly<
    Record<string, boolean>
  >;
  for (const [name, matched] of Object.entries(filters)) {
    console.log(`${name.padEnd(12)} ${matched}`);
  }
  const resources = JSON.parse(outputs['resources'] ?? '[]') as readonly Readonly<
    Record<'change' | 'kind' | 'namespace' | 'name' | 'evidence', string>
  >[];
  for (const { change, kind, namespace, name, evidence } of resources) {
    console.log(`${''.padEnd(12)} ${change} ${kind}/${namespace}/${name} (${evidence})`);
  }
  console.log(
    `\nand ${Object.keys(outputs).length} outputs in all: docs/inputs.md, README.md#outputs`,
  );
}

async function play(trace: Trace): Promise<StepResult> {
  await using server = await startApiServer();
  const begin = server.seen(({ verb }) => verb === 'watch' || verb === 'list');
  const playing = replay(server, trace, { begin });
  const render = renderer(process.stdout.isTTY && !process.env.NO_COLOR);
  // Past the last event the step waits for what it was not shown, such as the end of a retry.
  const lastMs = Math.max(0, ...trace.events.map(({ t }) => t));
  const seconds = Math.ceil(Math.min(lastMs + 8000, LONGEST_MS) / 1000);
  const result = await runAction({
    inputs: {
      ...inputsFor(server),
      application: trace.application,
      revision: trace.revision,
      filters: FILTERS,
      timeout: `${seconds}s`,
    },
    env: { GITHUB_SHA: trace.revision },
    killAfterMs: seconds * 1000 + 5000,
    onLine(line) {
      const shown = render(line);
      if (shown !== undefined) console.log(shown);
    },
  });
  playing.stop();
  return result;
}

function next(result: StepResult): void {
  heading(`Exit code ${result.exitCode}, after ${(result.durationMs / 1000).toFixed(1)} s`);
  console.log(`Look at the changed resources: Argo CD reports "configured" for more than those, and the
filters tell them apart. Next:

  npm run demo -- --list        other recordings: failed hooks, waves, a rollback, …
  README.md#start               the same for an Application of yours
  docs/how-it-decides.md        how it knows`);
}

async function main(name: string): Promise<void> {
  if (!traceNames().includes(name)) {
    console.error(`There is no recording "${name}". All of them: npm run demo -- --list`);
    process.exitCode = 2;
    return;
  }
  const trace = loadTrace(name);
  introduce(trace);
  const result = await play(trace);
  if (result.stderr) console.error(result.stderr);
  heading('Its answers, for later steps and jobs');
  answers(result.outputs);
  heading('Its job summary');
  console.log(indented(result.summary.trim()));
  next(result);
  process.exitCode = result.exitCode ?? 1;
}

if (has('list')) list();
else await main(positionals[0] ?? DEFAULT);
