/** Puts the owner of the repository where the documents say `OWNER`. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { main, optionsOf, ROOT } from './script.ts';

const REPOSITORY = 'argocd-post-sync';
/** In two parts, so that this file is not one of those that have it. */
const PLACEHOLDER = ['OWNER', REPOSITORY].join('/');

/**
 * A text with the owner in place of the placeholder.
 * @throws Error where the name is not one that GitHub gives
 */
export function withOwner(text: string, owner: string): string {
  if (!/^[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}$/.test(owner) || owner === 'OWNER') {
    throw new Error(`"${owner}" is not the name of a user or an organization on GitHub.`);
  }
  return text.replaceAll(PLACEHOLDER, `${owner}/${REPOSITORY}`);
}

/** The committed files of a work tree that still have the placeholder. */
export function filesWithPlaceholder(root: string): readonly string[] {
  const { stdout, status } = git(root, 'grep', '-lzF', '-e', PLACEHOLDER);
  // 1: nothing found.
  if (status !== 0 && status !== 1) throw new Error(`${root} is not a Git work tree.`);
  return stdout.split('\0').filter((path) => path !== '');
}

/**
 * The owner of a repository on GitHub by its URL.
 * @returns undefined for a URL of another kind, such as a path
 */
export function ownerOf(url: string): string | undefined {
  return /^(?:https?:\/\/|ssh:\/\/|git@)[^/:]+(?::\d+\/|[/:])([^/]+)\/[^/]+$/.exec(url.trim())?.[1];
}

/** Replaces the placeholder in all files of a work tree, and returns their paths. */
export function setOwner(root: string, owner: string): readonly string[] {
  const paths = filesWithPlaceholder(root);
  for (const path of paths) {
    const text = readFileSync(join(root, path), 'utf8');
    writeFileSync(join(root, path), withOwner(text, owner));
  }
  return paths;
}

export function git(root: string, ...args: readonly string[]) {
  return spawnSync('git', args, { cwd: root, encoding: 'utf8' });
}

if (import.meta.main) {
  const { positionals } = optionsOf(
    `npm run owner -- [NAME]

Replaces the placeholder for the owner of this repository in all files: in the examples, the
documents and the tests that read them. Default for NAME: the owner in the URL of the remote origin.`,
    { positionals: 1 },
  );
  const owner =
    positionals[0] ?? ownerOf(git(ROOT, 'remote', 'get-url', 'origin').stdout ?? '') ?? '';
  await main(() => {
    const paths = setOwner(ROOT, owner);
    console.log(paths.length === 0 ? 'Nothing to replace.' : paths.join('\n'));
  });
}
