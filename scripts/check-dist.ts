/**
 * Says whether dist/ is what the sources give: the files in the work tree and the committed ones
 * are compared with a build in a temporary directory, byte for byte. dist/ itself is not touched.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempDisposableSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './bundle.ts';
import { main, optionsOf, ROOT } from './script.ts';

type Files = ReadonlyMap<string, Buffer>;

function filesOf(directory: string): Files {
  if (!existsSync(directory)) return new Map();
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => statSync(join(directory, name)).isFile());
  const read = (name: string) => readFileSync(join(directory, name));
  return new Map(files.map((name) => [name.replaceAll('\\', '/'), read(name)]));
}

/** dist/ in HEAD; undefined where this is no Git work tree (an unpacked archive). */
function committedFiles(): Files | undefined {
  const names = git('ls-tree', '-r', '-z', '--name-only', 'HEAD', 'dist/');
  if (!names) return undefined;
  const paths = names.toString('utf8').split('\0').filter(Boolean);
  return new Map(
    paths.map((path) => [path.slice('dist/'.length), git('show', `HEAD:${path}`) ?? Buffer.of()]),
  );
}

function git(...args: readonly string[]): Buffer | undefined {
  const { status, stdout } = spawnSync('git', args, { cwd: ROOT, maxBuffer: 2 ** 28 });
  return status === 0 ? stdout : undefined;
}

function differences(fresh: Files, found: Files): readonly string[] {
  const names = [...new Set([...fresh.keys(), ...found.keys()])].sort();
  return names.flatMap((name) => {
    const [wanted, actual] = [fresh.get(name), found.get(name)];
    if (!actual) return [`${name}: missing`];
    if (!wanted) return [`${name}: should not be there`];
    return wanted.equals(actual) ? [] : [`${name}: ${actual.length} bytes, not as built`];
  });
}

function freshFiles(): Files {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'check-dist-'));
  const out = join(directory.path, 'dist');
  build(out);
  return filesOf(out);
}

await main(() => {
  optionsOf(`npm run check-dist

Says whether dist/, in the work tree and in HEAD, is what the sources give. Changes nothing.`);
  const fresh = freshFiles();
  const committed = committedFiles();
  if (!committed) console.log('Not a Git work tree: only the files themselves are checked.');
  const problems = [
    ...differences(fresh, filesOf(join(ROOT, 'dist'))).map((line) => `work tree: dist/${line}`),
    ...(committed ? differences(fresh, committed) : []).map((line) => `HEAD: dist/${line}`),
  ];
  if (problems.length > 0) {
    const remedy = 'Run `npm run bundle` and commit dist/ together with the sources.';
    const listed = problems.map((problem) => `  ${problem}\n`).join('');
    throw new Error(`dist/ is not what the sources give:\n${listed}${remedy}`);
  }
  console.log(`dist/ is up to date: ${[...fresh.keys()].join(', ')}`);
});
