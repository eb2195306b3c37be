import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { V1PolicyRule } from '@kubernetes/client-node';
import { parseAllDocuments } from 'yaml';
import { ROOT } from '../../__tests__/support/action.ts';
import { isRecord } from '../../__tests__/support/api/store.ts';
import { blocksIn } from '../../__tests__/support/blocks.ts';

const PAGES = ['README.md', 'docs/ways-in.md', 'docs/troubleshooting.md'];

/**
 * The rules of a Role or ClusterRole that users are told to apply: an account with no more than
 * these proves the documents.
 * @throws Error where no page has it
 */
export function documentedRules(name: string): readonly V1PolicyRule[] {
  const roles = PAGES.flatMap((page) => blocksIn(page, readFileSync(join(ROOT, page), 'utf8')))
    .filter(({ language }) => language === 'yaml')
    .flatMap(({ text }) => parseAllDocuments(text).map((each) => each.toJS() as unknown))
    .filter(isRecord);
  const found = roles.find(
    ({ kind, metadata }) =>
      /^(Cluster)?Role$/.test(String(kind)) && isRecord(metadata) && metadata.name === name,
  );
  if (!found) throw new Error(`No page documents a Role ${name}.`);
  return found['rules'] as readonly V1PolicyRule[];
}
