/** Writes `__tests__/payloads/`: what the notification template makes of the recordings. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { goldenPayloads } from '../__tests__/support/payloads.ts';
import { optionsOf } from './options.ts';

optionsOf(`node scripts/payloads.ts

Writes __tests__/payloads/: what the notification template makes of the recordings.`);

const DIRECTORY = resolve(import.meta.dirname, '..', '__tests__', 'payloads');

rmSync(DIRECTORY, { recursive: true, force: true });
mkdirSync(DIRECTORY, { recursive: true });
for (const [name, payload] of goldenPayloads()) {
  writeFileSync(join(DIRECTORY, `${name}.json`), `${JSON.stringify(payload)}\n`);
}
