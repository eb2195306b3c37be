/** Writes `__tests__/payloads/`: what the notification template makes of the recordings. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { goldenPayloads } from '../__tests__/support/payloads.ts';
import { optionsOf, ROOT } from './script.ts';

optionsOf(`node scripts/payloads.ts

Writes __tests__/payloads/: what the notification template makes of the recordings.`);

const DIRECTORY = join(ROOT, '__tests__', 'payloads');

rmSync(DIRECTORY, { recursive: true, force: true });
mkdirSync(DIRECTORY, { recursive: true });
for (const [name, payload] of goldenPayloads()) {
  writeFileSync(join(DIRECTORY, `${name}.json`), `${JSON.stringify(payload)}\n`);
}
