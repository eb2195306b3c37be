/**
 * Builds dist/ (or `--out DIR`): tsc, then ncc, then esbuild's minifier. ncc cannot read
 * TypeScript 7, and its own minifier leaves lazy chunks as they are. The same sources give the same
 * bytes, wherever the checkout is.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { transformSync } from 'esbuild';
import { licenses } from './licenses.ts';
import { main, optionsOf, ROOT } from './script.ts';

/** Compiles and bundles into a directory, whose former content goes. */
export function build(out: string): void {
  using work = mkdtempDisposableSync(join(tmpdir(), 'bundle-'));
  bundle(work.path);
  minify(work.path);
  asAscii(join(work.path, 'index.js'));
  rmSync(out, { recursive: true, force: true });
  cpSync(work.path, out, { recursive: true });
}

/** Compiles and bundles into a directory, for people to read. */
export function bundle(out: string): void {
  // Directories of its own, so that nothing stale gets in and two builds do not meet. Their names do
  // not show: ncc numbers modules by their paths from where it runs. As deep as src/, for the import
  // of a file in node_modules.
  using compiled = mkdtempDisposableSync(join(ROOT, 'lib-'));
  using work = mkdtempDisposableSync(join(tmpdir(), 'stats-'));
  run(ROOT, 'typescript/bin/tsc', ['--outDir', compiled.path]);
  const stats = join(work.path, 'stats.json');
  run(compiled.path, '@vercel/ncc/dist/ncc/cli.js', [
    ...['build', 'main.js', '--out', out],
    ...['--stats-out', stats, '--no-cache', '--quiet'],
  ]);
  for (const file of scriptsIn(out)) {
    writeFileSync(file, withoutRequire(readFileSync(file, 'utf8')));
  }
  writeFileSync(join(out, 'licenses.txt'), licenses(stats));
}

function scriptsIn(directory: string): readonly string[] {
  const names = readdirSync(directory).filter((each) => each.endsWith('.js'));
  return names.map((each) => join(directory, each));
}

function run(cwd: string, script: string, args: readonly string[]): void {
  const path = join(ROOT, 'node_modules', script);
  const { status } = spawnSync(process.execPath, [path, ...args], { cwd, stdio: 'inherit' });
  if (status !== 0) throw new Error(`${script} failed`);
}

function minify(bundled: string): void {
  for (const file of scriptsIn(bundled)) {
    const source = readFileSync(file, 'utf8');
    // What ncc cannot find it leaves to the run, where there is no `require`, and says nothing.
    const [, missing] = /eval\("require"\)\((.*?)\)/.exec(source) ?? [];
    if (missing) throw new Error(`${missing} cannot be bundled: it was not found`);
    const { code } = transformSync(source, {
      minify: true,
      platform: 'node',
      format: 'esm',
      target: 'node24',
    });
    writeFileSync(file, code);
  }
}

/** One letter beyond ASCII, which esbuild leaves in regular expressions, doubles the text in V8. */
function asAscii(file: string): void {
  const code = readFileSync(file, 'utf8').replace(/[^\0-\x7f]/g, (letter) => {
    return `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  writeFileSync(file, code);
}

/** Node's own modules by the way that needs no `require`, which ncc makes again for each of them. */
function withoutRequire(source: string): string {
  const made = '__WEBPACK_EXTERNAL_createRequire(import.meta.url)';
  const imported = 'import { createRequire as __WEBPACK_EXTERNAL_createRequire } from "module";';
  return source.replaceAll(`${made}(`, 'process.getBuiltinModule(').replace(imported, '');
}

if (import.meta.main) {
  void main(() => {
    const options = optionsOf(
      `npm run bundle -- [--out DIR]

Builds dist/, or another directory: tsc, then ncc, then esbuild's minifier.`,
      { options: { out: { type: 'string' } } },
    );
    build(resolve(ROOT, options.value('out') ?? 'dist'));
  });
}
