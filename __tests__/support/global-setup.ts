import { ROOT } from './action.ts';
import { shareActionFile } from './action-file.ts';
import { shareCertificates } from './api/certificates.ts';

/** Jest runs this once, before its workers start. */
export default async function setUp(): Promise<void> {
  await shareCertificates();
  shareActionFile(ROOT);
}
