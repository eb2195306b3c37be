import { describe, expect, test } from '@jest/globals';
import { createProgress, type Status } from '../../src/report/progress.js';
import { change, changesOf, filter, memory, report, result } from './reports.js';

function status(given: Partial<Status> = {}): Status {
  return {
    application: 'shop',
    phase: 'Running',
    sync: 'OutOfSync',
    health: 'Healthy',
    revision: 'c3b0a1ca0659caeb106979446f11ad9220de841f',
    waitsFor: 'the operation',
    done: false,
    ...given,
  };
}

/** A progress whose time the test moves. */
function watch() {
  const { log, said } = memory();
  const time = { elapsed: 5_000 };
  return { said, time, progress: createProgress(log, { now: () => time }) };
}

test('a line says all, with the time since the start', () => {
  const { said, time, progress } = watch();
  time.elapsed += 12_345;
  progress.update([status()]);
  expect(said).toEqual([
    'info: [ 12.3s] shop: at c3b0a1ca · operation Running · OutOfSync · Healthy · waiting for the operation',
  ]);
});

test('what did not change is not said again', () => {
  const { said, time, progress } = watch();
  for (let i = 0; i < 50; i += 1) {
    time.elapsed += 1_000;
    progress.update([status()]);
  }
  expect(said).toHaveLength(1);
});

test('of a few Applications only the changed one is said', () => {
  const { said, progress } = watch();
  progress.update([status(), status({ application: 'b' })]);
  progress.update([status(), status({ application: 'b', done: true })]);
  expect(said).toHaveLength(3);
  expect(said.at(-1)).toMatch(/b: .* done$/);
});

test('many Applications are counted', () => {
  const { said, progress } = watch();
  const statuses = Array.from({ length: 40 }, (_, i) =>
    status({
      application: `a${i}`,
      done: i < 12,
      phase: i < 15 ? 'Running' : 'Succeeded',
      sync: 'Synced',
      health: i < 20 ? 'Healthy' : 'Degraded',
    }),
  );
  progress.update(statuses);
  expect(said).toEqual(['info: [  0.0s] 12 of 40 done, 20 degraded, 3 syncing, 5 waiting']);
});

test('a heartbeat at most once a minute, and only in silence', () => {
  const { said, time, progress } = watch();
  progress.update([status()]);
  for (let i = 0; i < 150; i += 1) {
    time.elapsed += 1_000;
    progress.heartbeat();
  }
  expect(said).toHaveLength(3);
  expect(said[1]).toMatch(/^info: \[ 60\.0s\] still waiting: shop: /);
});

describe('a server that does not answer', () => {
  const beats = ({ time, progress }: ReturnType<typeof watch>, seconds: number) => {
    for (let i = 0; i < seconds; i += 1) {
      time.elapsed += 1_000;
      progress.heartbeat();
    }
  };

  test('is told of after a few seconds, once, then once a minute', () => {
    const watched = watch();
    watched.progress.update([], 'connection refused');
    beats(watched, 4);
    expect(watched.said).toEqual([]);
    beats(watched, 3);
    const line = 'waiting for an answer from the server: connection refused';
    expect(watched.said).toEqual([`info: [  5.0s] ${line}`]);
    watched.progress.update([], 'connection refused');
    beats(watched, 60);
    expect(watched.said.slice(1)).toEqual([`info: [ 65.0s] ${line}`]);
  });

  test('is not told of when it is back soon, and is told of again when it fails again', () => {
    const watched = watch();
    const { said, progress } = watched;
    progress.update([status()], 'restarting');
    beats(watched, 3);
    progress.update([status()]);
    beats(watched, 10);
    expect(said).toHaveLength(1);
    progress.update([status()], 'gone');
    beats(watched, 6);
    expect(said.slice(1)).toEqual(['info: [ 18.0s] waiting for an answer from the server: gone']);
  });
});

describe('floods', () => {
  const flood = (events: number, everyMs: number) => {
    const watched = watch();
    for (let i = 0; i < events; i += 1) {
      watched.time.elapsed += everyMs;
      watched.progress.update([status({ waitsFor: `event ${i}` })]);
      watched.progress.heartbeat();
    }
    return watched;
  };

  test.each([0, 10, 200, 1_000, 6_000, 36_000])('100 events, one in %i ms', (everyMs) => {
    const { said, progress } = flood(100, everyMs);
    progress.final(report());
    expect(said.length).toBeLessThan(60);
    expect(said.some((line) => line.includes('event 0'))).toBe(true);
    expect(said.some((line) => line.includes('event 99'))).toBe(true);
  });

  test('what was held back is said when its time has come', () => {
    const { said, time, progress } = flood(30, 0);
    expect(said.at(-1)).toContain('event 9');
    time.elapsed += 1_000;
    progress.heartbeat();
    expect(said.at(-1)).toContain('event 29');
    expect(said).toHaveLength(11);
  });
});

describe('the end', () => {
  test('verdict and folded details', () => {
    const { said, progress } = watch();
    const created = change({
      change: 'created',
      group: '',
      kind: 'ConfigMap',
      name: 'x',
      message: 'a\nb',
    });
    progress.final(
      report({
        applications: [result({ changes: [change(), created, change({ change: 'unchanged' })] })],
        filters: [filter('cdn'), filter('database')],
        matched: new Map([['cdn', [created]]]),
      }),
    );
    expect(said).toEqual([
      'info: [  0.0s] ✅ shop is deployed',
      'group: Changed: 2 resources',
      'created   /ConfigMap/shop/x (compared) a b',
      'updated   apps/Deployment/shop/web (compared) deployment.apps/web configured',
      'group: Filters: 2 filters',
      'cdn      true  1 resource',
      'database false 0 resources',
    ]);
  });

  test('a failure leaves its message to the annotation', () => {
    const { said, progress } = watch();
    progress.final(
      report({ conclusion: 'failure', reason: 'degraded', message: 'm', applications: [] }),
    );
    expect(said).toEqual(['info: [  0.0s] ❌ degraded']);
  });

  test('thousands of resources do not flood the log', () => {
    const { said, progress } = watch();
    progress.final(report({ applications: [result({ changes: changesOf(5000) })] }));
    expect(said).toHaveLength(203);
    expect(said.at(-1)).toBe('… and 4800 more');
  });
});
