/**
 * `node scripts/replay-server.ts RECORDING`, as a step of a workflow: leaves an API server on the
 * loopback behind that plays the recording from the first look at it on, and writes the step's
 * outputs `server`, `token`, `certificate-authority`, `application` and `revision`.
 */
import { fork } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { startApiServer } from '../__tests__/support/api-server.ts';
import { loadTrace, replay } from '../__tests__/support/replay.ts';
import { optionsOf } from './script.ts';

type Outputs = Readonly<Record<string, string>>;

/** A server that nobody stops ends by itself. */
const LIFE_MS = 300_000;
const BEHIND = 'behind';

const { positionals, has } = optionsOf(
  `node scripts/replay-server.ts RECORDING

Leaves an API server on the loopback behind that plays a recording of __tests__/traces from the
first look at it on. Writes how to reach it, and what to wait for, as outputs of a step.`,
  { positionals: 1, options: { [BEHIND]: { type: 'boolean' } } },
);
const [name = ''] = positionals;
if (has(BEHIND)) await serve(name);
else leaveBehind(name);

/** Runs the server in a process that outlives the step. */
function leaveBehind(name: string): void {
  const child = fork(import.meta.filename, [name, `--${BEHIND}`], {
    detached: true,
    stdio: 'ignore',
  });
  child.once('message', (outputs: Outputs) => {
    const lines = Object.entries(outputs).map(([output, value]) => `${output}=${value}\n`);
    const file = process.env.GITHUB_OUTPUT;
    if (file) appendFileSync(file, lines.join(''));
    else process.stdout.write(lines.join(''));
    child.disconnect();
    child.unref();
  });
  child.once('exit', () => {
    console.error(`No server for the recording "${name}".`);
    process.exit(1);
  });
}

async function serve(name: string): Promise<void> {
  const trace = loadTrace(name);
  const server = await startApiServer();
  const begin = server.seen(({ verb }) => verb === 'watch' || verb === 'list');
  replay(server, trace, { begin });
  process.send?.({
    server: server.url,
    token: server.token,
    'certificate-authority': Buffer.from(server.ca).toString('base64'),
    application: trace.application,
    revision: trace.revision,
  } satisfies Outputs);
  setTimeout(() => process.exit(0), LIFE_MS);
}
