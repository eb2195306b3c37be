/**
 * `npm run demo`: the built action waits for a recorded sync, as a step of a workflow would.
 * Needs no cluster and no network: an API server on the loopback replays what Argo CD wrote.
 */
import { runAction } from '../__tests__/support/action.ts';
import { startApiServer } from '../__tests__/support/api-server.ts';
import { loadTrace, replay } from '../__tests__/support/replay.ts';
import { renderer } from '../__tests__/support/workflow-commands.ts';
import { optionsOf } from './options.ts';

optionsOf(`npm run demo

The built action waits for a recorded sync, as a step of a workflow would: its log, its outputs, its
summary. Needs no cluster and no network.`);

const FILTERS = `cdn: Ingress/*
web: apps/Deployment/*/web
config: ['ConfigMap/*', '!ConfigMap/*-cache']`;

/** Long values, shortened: the demo is to be read. */
const WIDTH = 160;

function heading(text: string): void {
  console.log(`\n── ${text} ${'─'.repeat(Math.max(0, 76 - text.length))}`);
}

function shortened(text: string): string {
  return text.length > WIDTH ? `${text.slice(0, WIDTH)}… (${text.length} characters)` : text;
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '    ');
}

const trace = loadTrace('update-client-side');
const server = await startApiServer();
try {
  const begin = server.seen(({ verb }) => verb === 'watch' || verb === 'list');
  const playing = replay(server, trace, { begin });
  const inputs = { application: trace.application, revision: trace.revision, filters: FILTERS };

  heading(`Replaying: ${trace.trace}`);
  console.log(trace.about);
  heading('The step');
  console.log('- uses: ./\n  with:');
  for (const [name, value] of Object.entries(inputs)) {
    console.log(
      `    ${name}: ${value.includes('\n') ? `|\n${value.replaceAll(/^/gm, '      ')}` : value}`,
    );
  }

  heading('Its log');
  const render = renderer(process.stdout.isTTY && !process.env.NO_COLOR);
  const result = await runAction({
    inputs: {
      ...inputs,
      server: server.url,
      token: server.token,
      'certificate-authority': server.ca,
      timeout: '12s',
    },
    env: { GITHUB_SHA: trace.revision },
    killAfterMs: 14_000,
    onLine(line) {
      const shown = render(line);
      if (shown !== undefined) console.log(shown);
    },
  });
  playing.stop();
  if (result.stderr) console.error(result.stderr);

  heading('Its outputs');
  for (const [name, value] of Object.entries(result.outputs)) {
    console.log(`${name}: ${shortened(value)}`);
  }
  heading('Its summary');
  console.log(indented(result.summary.trim()));
  heading(`Exit code ${result.exitCode}, after ${(result.durationMs / 1000).toFixed(1)} s`);
  process.exitCode = result.exitCode ?? 1;
} finally {
  await server.close();
}
