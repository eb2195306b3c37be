/** `npm test`: every check, one after the other, and what they come to in the last line. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
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

/** Runs one check with its output shown; true: it passed. */
function succeeds(title: string, args: readonly string[]): boolean {
  console.log(`\n== ${title}`);
  const { status } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit' });
  return status === 0;
}

function check(title: string, args: readonly string[]): Count {
  const ok = succeeds(title, args);
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
}

function unitTests(): Count {
  const directory = mkdtempSync(join(tmpdir(), 'jest-report-'));
  const report = join(directory, 'report.json');
  try {
    const ok = succeeds('Tests', [
      ...['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
      // A test that failed may leave a connection open: that must not keep the verdict back.
      ...[modules('jest/bin/jest.js'), '--forceExit', '--json', `--outputFile=${report}`],
    ]);
    return countOf(ok, report);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
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

const counts = [
  check('Lint and format', [modules('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings']),
  check('Types', [modules('typescript/bin/tsc'), '-p', 'tsconfig.check.json']),
  unitTests(),
  check('dist/ is what the sources give', [join(ROOT, 'scripts', 'check-dist.ts')]),
];
const sum = (field: keyof Count): number => counts.reduce((all, count) => all + count[field], 0);
const skipped = sum('skipped');
console.log(
  `\n${sum('passed')} passed, ${sum('failed')} failed${skipped ? `, ${skipped} skipped` : ''}`,
);
process.exitCode = sum('failed') > 0 ? 1 : 0;
