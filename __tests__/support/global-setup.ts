import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMPILED, ROOT } from './action.ts';
import { shareActionFile } from './action-file.ts';
import { shareCertificates } from './api/certificates.ts';

/** Jest runs this once, before its workers start. */
export default async function setUp(): Promise<void> {
  await shareCertificates();
  shareActionFile(ROOT);
  const directory = mkdtempSync(join(tmpdir(), 'compiled-'));
  process.env[COMPILED] = directory;
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
}
