/** `npm test`: every check at once, and what they come to in the last line. */
import { type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempDisposableSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { optionsOf, ROOT } from './script.ts';

optionsOf(`npm test

Lint and format, types, the tests, and whether dist/ is what the sources give: each by its script
too (npm run lint, types, unit, check-dist). The tests of processes run dist/ as it is. The last
line is "N passed, N failed".`);

const modules = (path: string): string => join(ROOT, 'node_modules', path);

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What is read of Jest's report. */
interface JestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly numRuntimeErrorTestSuites: number;
}

/** Runs a Node.js script. @param live its output is shown as it comes */
async function ended(args: readonly string[], live: boolean) {
  const stdio: StdioOptions = live ? 'inherit' : ['ignore', 'pipe', 'pipe'];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => output.push(chunk));
  }
  const [code] = await once(child, 'close');
  return { ok: code === 0, output: output.join('') };
}

/** One check beside the tests, which is shown when it has ended. */
async function check(title: string, args: readonly string[]): Promise<() => Count> {
  const { ok, output } = await ended(args, false);
  return () => {
    console.log(`\n== ${title}\n${output.trimEnd()}`);
    return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
  };
}

async function unitTests(): Promise<Count> {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'jest-report-'));
  const report = join(directory.path, 'report.json');
  const jest = [
    ...['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
    ...[modules('jest/bin/jest.js'), '--json', `--outputFile=${report}`],
  ];
  const { ok } = await ended(jest, true);
  return countOf(ok, report);
}

/** A suite that cannot be loaded has no tests to fail: it counts as one. */
function countOf(ok: boolean, report: string): Count {
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
  const counted = JSON.parse(readFileSync(report, 'utf8')) as JestReport;
  const failed = counted.numFailedTests + counted.numRuntimeErrorTestSuites;
  return {
    passed: counted.numPassedTests,
    failed: ok ? failed : Math.max(1, failed),
    skipped: counted.numPendingTests + counted.numTodoTests,
  };
}

console.log('== Tests (those of processes run dist/ as it is)');
// One after another, beside the tests, which wait most of the time.
const beside = async (): Promise<readonly (() => Count)[]> => [
  await check('Lint and format', [
    modules('@biomejs/biome/bin/biome'),
    'check',
    '--error-on-warnings',
  ]),
  await check('Types', [modules('typescript/bin/tsc'), '-p', 'tsconfig.check.json']),
  await check('dist/ is what the sources give', [join(ROOT, 'scripts', 'check-dist.ts')]),
];
const [tests, checks] = await Promise.all([unitTests(), beside()]);
const counts = [tests, ...checks.map((show) => show())];
const sum = (field: keyof Count): number => counts.reduce((all, count) => all + count[field], 0);
const skipped = sum('skipped');
console.log(
  `\n${sum('passed')} passed, ${sum('failed')} failed${skipped ? `, ${skipped} skipped` : ''}`,
);
process.exitCode = sum('failed') > 0 ? 1 : 0;
