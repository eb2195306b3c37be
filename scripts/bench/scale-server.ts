/** The API server of `measureScale`, in a process of its own: its work must not hold up the step. */
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { startApiServer } from '../../__tests__/support/api-server.ts';
import { A } from '../../__tests__/support/manifest.ts';
import { until } from '../script.ts';
import { DONE, large } from './objects.ts';
import type { Access } from './programs.ts';

/** All is put back to before its change, which then comes, or does not; `end` closes the server. */
export type Order = 'change' | 'stay' | 'end';

/** What it tells: where it is, that all is as before, that all of it was sent, that all changes are. */
export type Telling =
  | ({ readonly kind: 'at' } & Access)
  | { readonly kind: 'ready' }
  | { readonly kind: 'sent' }
  | { readonly kind: 'changed' };

/** The largest step takes some 20 s; where it never gets there, this process fails, and says so. */
const PACE = { withinMs: 300_000, everyMs: 1 };

const tell = (telling: Telling): void => {
  process.send?.(telling);
};

const [, , count, shares] = process.argv;
const names = Array.from({ length: Number(count) }, (_, i) => `app-${i}`);
const looks = names.map((name) => large(name, shares === 'shares'));
// The benchmark is over, or was stopped.
process.once('disconnect', () => process.exit());
// Nobody asks for the past; it would hold all Applications twice.
const server = await startApiServer({ historyLimit: 1 });
const { url, token, ca } = server;
tell({ kind: 'at', url, token, ca });

const size = (object: unknown): number => JSON.stringify(object).length;

for (;;) {
  const [order] = (await once(process, 'message')) as [Order];
  if (order === 'end') break;
  for (const look of looks) server.put(look({ revision: A }));
  const sent = server.traffic().bytesSent;
  tell({ kind: 'ready' });
  if (order === 'stay') {
    // The first look may come by the watch itself: it is over when all has been sent.
    const all = sent + looks.reduce((sum, look) => sum + size(look({ revision: A })), 0);
    await until(() => server.traffic().bytesSent >= all, 'all was sent', PACE);
    tell({ kind: 'sent' });
    continue;
  }
  await until(() => server.watches() > 0, 'the step watches', PACE);
  for (const look of looks) {
    server.put(look(DONE));
    // What was sent before has to get out meanwhile.
    await turn();
  }
  tell({ kind: 'changed' });
  await until(() => server.watches() === 0, 'the step has ended', PACE);
}
await server.close();
process.disconnect();
