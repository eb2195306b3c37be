import { basename } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { startApiServer } from '../support/api-server.ts';
import { inputsFor } from '../support/client.ts';
import { A, B, manifest } from '../support/manifest.ts';

/** What a run did, in order: reports by the file of their summary. */
const done: string[] = [];
const actual = await import('../../src/report/publish.js');
jest.unstable_mockModule('../../src/report/publish.js', () => ({
  ...actual,
  publish: ((report, to, log) => {
    done.push(`${report.conclusion} to ${basename(to.summaryFile)}`);
    return actual.publish(report, to, log);
  }) satisfies typeof actual.publish,
}));
const { runHere } = await import('../support/run-here.ts');

test('a run that waits reports once to nowhere: by its end all is compiled', async () => {
  await using server = await startApiServer({ objects: [manifest('shop', { revision: A })] });
  const { outputs } = await runHere({
    inputs: { ...inputsFor(server), application: 'shop', revision: B },
    onLine(line) {
      if (!line.includes('waiting for') || done.length > 0) return;
      done.push('waiting');
      // This comes by the network, after all that was to be done at once.
      server.put(manifest('shop', { revision: B }));
    },
  });
  expect(done).toEqual(['waiting', 'success to nowhere', 'success to summary.md']);
  expect(outputs.conclusion).toBe('success');
});
