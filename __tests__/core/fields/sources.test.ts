import { describe, expect, test } from '@jest/globals';
import type { Json } from '../../../src/core/fields/lists.js';
import { isOfSameSources } from '../../../src/core/fields/sources.js';

const git = { repoURL: 'https://github.com/acme/shop.git', path: 'shop', targetRevision: 'main' };
const BACKWARDS = Object.fromEntries(Object.entries(git).reverse());
const chart = { ...git, path: 'charts', helm: { parameters: [{ name: 'tag', value: '1' }] } };
const hydrator = {
  drySource: { repoURL: git.repoURL, path: 'dry', targetRevision: 'main' },
  syncSource: { targetBranch: 'env/prod', path: 'prod' },
};

describe('sources of a deployment on record, and those of the present spec', () => {
  test.each<readonly [string, Json, Json, boolean]>([
    ['the same', { source: git }, { source: git }, true],
    ['another branch', { source: git }, { source: { ...git, targetRevision: 'v1' } }, true],
    ['another path', { source: git }, { source: { ...git, path: 'old' } }, false],
    ['keys in another order', { source: git }, { source: BACKWARDS }, true],
    ['empty fields', { source: { ...git, chart: '' } }, { source: { ...git, helm: {} } }, true],
    ['other parameters', { source: { ...chart, helm: {} } }, { source: chart }, false],
    ['several', { sources: [git, chart] }, { sources: [git, chart] }, true],
    ['in another order', { sources: [git, chart] }, { sources: [chart, git] }, false],
    ['one became several', { sources: [git, chart] }, { source: git }, false],
    ['nothing on record', { source: git }, {}, false],
    [
      'hydrated',
      { sourceHydrator: hydrator },
      { source: { repoURL: git.repoURL, path: 'prod', targetRevision: 'env/prod' } },
      true,
    ],
    ['hydrated, from elsewhere', { sourceHydrator: hydrator }, { source: git }, false],
  ])('%s', (_what, spec, entry, same) => {
    expect(isOfSameSources(spec, entry)).toBe(same);
  });
});
