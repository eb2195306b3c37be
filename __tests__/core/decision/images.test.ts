import { describe, expect, test } from '@jest/globals';
import { settle, timedOut } from '../../../src/core/result/settle.js';
import {
  A,
  app,
  applied,
  B,
  C,
  deployed,
  type Look,
  operation,
  type Run,
  request,
  SETTINGS,
  WEB,
} from '../support/application.ts';
import {
  ANY,
  changesOf,
  expected,
  type Followed,
  follow,
  imagePatterns,
  type Row,
  revision,
  see,
  seeAfterGap,
  tick,
  type Wish,
} from '../support/follow.ts';

const OLD = 'r.example.com/shop/web:1';
const NEW = 'r.example.com/shop/web:2';
const NEWER = 'r.example.com/shop/web:3';
const DB = 'r.example.com/shop/db:7';
const W = 'waiting';

function images(...texts: readonly string[]): Wish {
  return { target: ANY, policy: { images: imagePatterns(...texts) } };
}

function story(title: string, rows: readonly Row[], wish: Wish = images(NEW)): void {
  test(title, () => {
    expect(follow(rows, wish).verdicts).toEqual(expected(rows));
  });
}

/** What an operation says of the Deployment with that image. */
function of(image: string, verb = 'configured') {
  return [applied(SETTINGS, 'unchanged'), applied(WEB, verb, { images: [image] })];
}

/** The old image runs, and all is well. */
function older(look: Look = {}) {
  return app({ images: [OLD, DB], operation: operation({ at: A, from: -110 }), ...look });
}

/** An operation for B runs since second 1. */
function running(run: Run = {}) {
  const asked = { at: B, ...run };
  return app({
    images: [OLD, DB],
    requested: request(asked),
    operation: operation({ phase: 'Running', ...asked }),
  });
}

/** It ran to second 3, and was compared in second 4. */
function brought(look: Look = {}, run: Run = {}) {
  return app({
    at: B,
    reconciled: 4,
    images: [NEW, DB],
    operation: operation({ results: of(NEW), ...run }),
    history: [deployed(A, -110), deployed(B, 1)],
    ...look,
  });
}

describe('an image runs', () => {
  story('once it came, health is fresh, and no other tag is left', [
    [0, see(older()), W],
    [1, see(running()), W],
    [3, see(brought({ images: [OLD, DB], reconciled: 1 })), W],
    [4, see(brought({ images: [OLD, DB], health: 'Progressing' })), W],
    [5, see(brought({ images: [OLD, NEW, DB], health: 'Progressing' })), W],
    [6, see(brought({ images: [OLD, NEW, DB] })), W],
    [7, see(brought()), 'success synced'],
  ]);
  story('and ran already: a late start', [[60, see(brought()), 'success synced']]);
  story('not while it cannot be pulled', [
    [4, see(brought({ health: 'Progressing' })), W],
    [5, see(brought({ health: 'Degraded', healthSince: 5 })), 'waiting degraded until 65'],
    [66, tick, 'failure degraded'],
  ]);
  story('not by a health from before the operation ended', [
    [0, see(older()), W],
    [2, see(running()), W],
    [3, see(brought({ reconciled: 2 })), W],
    [4, see(brought()), 'success synced'],
  ]);
  story('not while another operation runs', [
    [60, see(brought({ requested: request({ at: C }) })), W],
    [61, see(brought()), 'success synced'],
  ]);
  story(
    'whatever wait-for says of health',
    [
      [4, see(brought({ health: 'Progressing' })), W],
      [9, see(brought()), 'success synced'],
    ],
    { ...images(NEW), policy: { ...images(NEW).policy, waitFor: ['sync'] } },
  );
  story('after a gap', [
    [0, see(older()), W],
    [60, seeAfterGap(brought()), 'success synced'],
  ]);
  story(
    'by its end, where a registry is rewritten',
    [[60, see(brought({ images: ['mirror.example.com/r/shop/web:2'] })), 'success synced']],
    images('*/shop/web:2'),
  );
  story(
    'with all others that must',
    [
      [60, see(brought({ images: [NEW] })), W],
      [61, see(brought({ images: [NEW, DB] })), 'success synced'],
    ],
    images(NEW, DB),
  );
  story(
    'with another tag of its name that must run too',
    [[60, see(brought({ images: [OLD, NEW] })), 'success synced']],
    images(OLD, NEW),
  );
  story(
    'with the revision, and both must',
    [
      [0, see(older({ images: [NEW] })), W],
      [4, see(brought({ images: [OLD] })), W],
      [5, see(brought()), 'success synced'],
    ],
    { ...images(NEW), target: revision(B) },
  );
});

describe('an older state is waited past', () => {
  story('healthy', [[600, see(older()), W]]);
  story('Degraded', [
    [0, see(older({ health: 'Degraded' })), W],
    [600, tick, W],
  ]);
  story('a failed operation from before the wait', [
    [0, see(older({ operation: operation({ at: A, from: -110, phase: 'Failed' }) })), W],
    [600, tick, W],
  ]);
  story('a failed operation of another tag', [
    [0, see(older()), W],
    [3, see(older({ operation: operation({ phase: 'Failed', results: of(OLD) }) })), W],
  ]);
  story('auto-sync that refused what was compared before', [
    [0, see(older({ sync: 'OutOfSync', conditions: ['SyncError: failed before'] })), W],
  ]);
  story('a failure that is asked to go again', [
    [1, see(running()), W],
    [
      3,
      see(
        brought(
          { images: [OLD], requested: request({ at: C }) },
          { phase: 'Failed', results: of(NEW) },
        ),
      ),
      W,
    ],
  ]);
});

describe('what fails it', () => {
  story('an operation that names it, also late', [
    [60, see(brought({ images: [OLD] }, { phase: 'Failed' })), 'failure sync-failed'],
  ]);
  story('an operation of the wait that names none', [
    [1, see(running()), W],
    [3, see(older({ operation: operation({ phase: 'Failed' }) })), 'failure sync-failed'],
  ]);
  story('auto-sync that refuses what came during the wait', [
    [0, see(older()), W],
    [
      1,
      see(older({ at: B, sync: 'OutOfSync', conditions: ['SyncError: refused'] })),
      'failure auto-sync-refused',
    ],
  ]);
  story('an operation that brought it, and health that stays Degraded without its pods', [
    [0, see(older()), W],
    [1, see(running()), W],
    [4, see(brought({ images: [OLD], health: 'Progressing' })), W],
    [5, see(brought({ images: [OLD], health: 'Degraded' })), 'waiting degraded until 65'],
    [66, tick, 'failure degraded'],
  ]);
});

describe('where results name no images', () => {
  const silent = { results: [applied(WEB, 'configured')] };
  story('an operation of the wait may have brought it', [
    [0, see(older()), W],
    [4, see(brought({ images: [OLD], health: 'Degraded' }, silent)), 'waiting degraded until 64'],
  ]);
  story('one from before has not', [
    [60, see(brought({ images: [OLD], health: 'Degraded' }, silent)), W],
  ]);
});

describe('what it says', () => {
  const messageOf = ({ state, verdict, now }: Followed): string =>
    verdict.kind === 'waiting'
      ? settle('shop', state, timedOut(verdict), now).result.message
      : settle('shop', state, verdict, now).result.message;
  const seen = (...looks: readonly ReturnType<typeof app>[]) =>
    messageOf(
      follow(
        looks.map((look, i) => [60 + i, see(look)] as const),
        images(NEW),
      ),
    );

  test.each([
    ['what runs instead', [older()], `image ${NEW} (${OLD} runs instead)`],
    ['a newer one too', [older({ images: [NEWER, OLD] })], `(${NEWER}, ${OLD} run instead)`],
    ['no image of the name', [older({ images: [DB] })], `(no image of that name runs, but ${DB})`],
    ['no image at all', [older({ images: [] })], '(no image of that name runs)'],
    [
      'a sync that is only believed in',
      [brought({ images: [OLD] })],
      `image ${NEW} (${OLD} runs instead), which is not there though the operation ended and health is Healthy`,
    ],
    [
      'what is left of the rollout',
      [brought({ images: [OLD, NEW] })],
      `image ${NEW} to run alone (${OLD} is left of the rollout)`,
    ],
    ['that it runs', [brought()], `shop is at bbbbbbbb: image ${NEW} runs`],
  ] as const)('%s', (_, looks, message) => {
    expect(seen(...looks)).toContain(message);
  });

  test('of many images a few', () => {
    const tags = Array.from({ length: 9 }, (_, i) => `r.example.com/shop/web:old-${i}`);
    expect(seen(older({ images: tags }))).toContain('old-4 and 4 more run instead');
  });
});

describe('what changed', () => {
  const evidenceOf = ({ state, verdict, now }: Followed) => {
    if (verdict.kind !== 'done') throw new Error(`it waits for ${verdict.what}`);
    return settle('shop', state, verdict, now).result.evidence;
  };
  const DIFFERS = { at: B, sync: 'OutOfSync', resources: [`OutOfSync ${WEB}`] };

  test('is what the operation did that was seen to bring it', () => {
    const followed = follow(
      [
        [0, see(older())],
        [1, see(older(DIFFERS))],
        [2, see(running())],
        [4, see(brought())],
      ],
      images(NEW),
    );
    expect(changesOf(followed)).toEqual([
      `unchanged applied ${SETTINGS}`,
      `updated compared ${WEB}`,
    ]);
    expect(evidenceOf(followed)).toBe('complete');
  });

  test('is without what an operation before it did', () => {
    const other = operation({ at: B, from: 1, results: [applied(SETTINGS, 'created')] });
    const history = [deployed(A, -110), deployed(B, 1), deployed(C, 10)];
    const followed = follow(
      [
        [0, see(older())],
        [3, see(older({ at: B, operation: other, reconciled: 4 }))],
        [14, see(brought({ at: C, history, reconciled: 14 }, { at: C, from: 10 }))],
      ],
      images(NEW),
    );
    expect(changesOf(followed)).toEqual([
      `unchanged applied ${SETTINGS}`,
      `updated reported ${WEB}`,
    ]);
  });

  test('late, is what the last operation did whose results name it', () => {
    const created = follow([[60, see(brought({}, { results: of(NEW, 'created') }))]], images(NEW));
    expect(changesOf(created)).toContain(`created applied ${WEB}`);
    expect(evidenceOf(created)).toBe('complete');
  });

  test('late, without such an operation, may be anything: evidence is partial', () => {
    const other = { results: [applied(SETTINGS, 'created')] };
    const followed = follow([[60, see(brought({}, other))]], images(NEW));
    expect(changesOf(followed)).toContain(`created applied ${SETTINGS}`);
    expect(evidenceOf(followed)).toBe('partial');
  });

  test('is what ran while it came, where results name no images', () => {
    const results = [applied(WEB, 'created')];
    const followed = follow(
      [
        [0, see(older())],
        [4, see(brought({}, { results }))],
      ],
      images(NEW),
    );
    expect(changesOf(followed)).toEqual([`created applied ${WEB}`]);
    expect(evidenceOf(followed)).toBe('complete');
  });
});
