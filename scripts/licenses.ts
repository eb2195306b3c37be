import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What is read of the bundler's statistics. */
interface Module {
  readonly nameForCondition?: string | null;
  readonly orphan?: boolean;
  readonly modules?: readonly Module[];
}

/**
 * The licences of all packages in a bundle. ncc writes such a file too, but leaves out what it has
 * joined into one scope with the entry, which is most.
 * @param stats the file that ncc writes with `--stats-out`
 */
export function licenses(stats: string): string {
  const { modules } = JSON.parse(readFileSync(stats, 'utf8')) as Module;
  const packages = [...new Set(packagesOf(modules ?? []))].map(license);
  return `${packages.sort().join(`\n${'-'.repeat(80)}\n\n`)}`;
}

/** Directories of the packages that modules come from; orphans were shaken out of the bundle. */
function packagesOf(modules: readonly Module[]): readonly string[] {
  return modules
    .filter((module) => !module.orphan)
    .flatMap((module) => [
      ...(/^.*node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(module.nameForCondition ?? '') ??
        []),
      ...packagesOf(module.modules ?? []),
    ]);
}

function license(directory: string): string {
  const about = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly version: string;
    readonly license?: string;
  };
  const files = readdirSync(directory).filter((file) => /^(licen[cs]e|notice)/i.test(file));
  const texts = files.sort().map((file) => readFileSync(join(directory, file), 'utf8'));
  const text = texts.map((each) => `\n${each.replaceAll('\r\n', '\n').trim()}\n`).join('');
  return `${about.name} ${about.version} (${about.license ?? 'see below'})\n${text}`;
}
