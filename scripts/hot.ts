/**
 * `npm run hot`: finds the functions that every start runs, for the build. The bundle, as it is
 * before it is minified, waits for an Application that is done already, and for one that becomes so.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startApiServer } from '../__tests__/support/api-server.ts';
import { manifest } from '../__tests__/support/manifest.ts';
import { eventToExit } from './bench/latency.ts';
import { type Program, start } from './bench/program.ts';
import { byToken, DONE, step } from './bench/step.ts';
import { functionsOf, nameOf } from './build/eager.ts';
import { bundle, HOT } from './build.ts';

/** A step of the bundle instead of dist/, that leaves behind which functions it ran. */
function counted(
  directory: string,
  name: string,
  inputs: Readonly<Record<string, string>>,
): Program {
  const program = step(name, inputs);
  const env = { ...program.env, NODE_V8_COVERAGE: join(directory, 'coverage') };
  return { ...program, args: [join(directory, 'index.js')], env };
}

async function runs(directory: string): Promise<void> {
  const server = await startApiServer({ objects: [manifest('shop', DONE)] });
  try {
    const byKubeconfig = { application: 'shop', kubeconfig: server.kubeconfig() };
    const token = counted(directory, 'token', { application: 'shop', ...byToken(server) });
    await start(token).ended;
    await start(counted(directory, 'kubeconfig', byKubeconfig)).ended;
    await eventToExit(server, token);
  } finally {
    await server.close();
  }
}

/** Places where functions begin that were run, by any of the programs. */
function begun(directory: string): ReadonlySet<number> {
  const { href } = pathToFileURL(join(directory, 'index.js'));
  const coverage = join(directory, 'coverage');
  return new Set(
    readdirSync(coverage).flatMap((name) => {
      const { result } = JSON.parse(readFileSync(join(coverage, name), 'utf8')) as Coverage;
      const functions = result.find(({ url }) => url === href)?.functions ?? [];
      const ranges = functions.flatMap(({ ranges: [whole] }) => whole ?? []);
      return ranges.filter(({ count }) => count > 0).map(({ startOffset }) => startOffset);
    }),
  );
}

/** As V8 writes it. */
interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly ranges: readonly { readonly startOffset: number; readonly count: number }[];
    }[];
  }[];
}

const directory = mkdtempSync(join(tmpdir(), 'hot-'));
try {
  bundle(directory);
  await runs(directory);
  const source = readFileSync(join(directory, 'index.js'), 'utf8');
  const starts = begun(directory);
  const hot = functionsOf(source).filter((each) => starts.has(each.start));
  const names = [...new Set(hot.map((each) => nameOf(source, each)))].sort();
  writeFileSync(HOT, `${JSON.stringify(names, undefined, 2)}\n`);
  console.log(`${names.length} functions in ${HOT}: now npm run build`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
