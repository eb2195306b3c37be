import { describe, expect, test } from '@jest/globals';
import type { Application, Revisions } from '../../../src/core/application/types.js';
import {
  isSha,
  lookedUp,
  matches,
  type RevisionRequest,
  type RunOrigin,
  repositoryAt,
  resolveTarget,
  revisionKey,
  type Target,
} from '../../../src/core/decision/target.js';
import { costOf } from '../../support/cost.ts';
import { A, app, B, type Json } from '../support/application.ts';
import { revision } from '../support/follow.ts';

const AUTO: RevisionRequest = { kind: 'auto' };

function run(more: Partial<RunOrigin> = {}, ref = 'refs/heads/main', sha = B): RunOrigin {
  return {
    repository: 'acme/shop',
    serverUrl: 'https://github.com',
    commit: { kind: 'commit', sha, ref, defaultBranch: 'main' },
    ...more,
  };
}

function tracking(repoURL: string, targetRevision = 'main', more: Json = {}): Application {
  return app({ sources: [{ repoURL, targetRevision, ...more }] });
}

/** `any`, or the text and the sources it speaks of. */
function shortOf(target: Target): string {
  if (target.kind === 'any') return 'any';
  const sources = target.sources ? ` of ${[...target.sources].join('+')}` : '';
  const lookup = target.lookup ? ` lookup ${target.lookup}` : '';
  return `${target.text}${sources}${lookup}`;
}

describe('auto finds this repository among the sources', () => {
  const own = `${B} of 0`;
  test.each([
    ['https://github.com/acme/shop', own],
    ['https://github.com/acme/shop.git', own],
    ['https://github.com/acme/shop/', own],
    ['https://github.com/acme/shop.git/', own],
    ['https://github.com/Acme/SHOP.git', own],
    ['HTTPS://GitHub.com/acme/shop', own],
    ['https://www.github.com/acme/shop', own],
    ['https://x-access-token:secret@github.com/acme/shop', own],
    ['https://github.com:443/acme/shop', own],
    ['http://github.com/acme/shop', own],
    ['git://github.com/acme/shop.git', own],
    ['git+ssh://git@github.com/acme/shop.git', own],
    ['ssh://git@github.com/acme/shop.git', own],
    ['ssh://git@github.com:22/acme/shop.git', own],
    ['ssh://git@ssh.github.com:443/acme/shop.git', own],
    ['git@github.com:acme/shop.git', own],
    ['git@github.com:acme/shop', own],
    ['git@github.com:/acme/shop.git', own],
    ['github.com:/acme/shop', own],
    ['github.com:acme/shop', own],
    ['org-1234@github.com:acme/shop.git', own],
    ['https://github.com/acme/shop-config', 'any'],
    ['https://github.com/acme/shop.github', 'any'],
    ['https://github.com/other/shop', 'any'],
    ['https://github.com/acme', 'any'],
    ['https://gitlab.com/acme/shop', 'any'],
    ['https://github.com.evil.example/acme/shop', 'any'],
    ['https://evil.example/github.com/acme/shop', 'any'],
    ['https://github.com/acme/shop/tree/main', 'any'],
    ['git@gitlab.com:acme/shop.git', 'any'],
    ['git@gitlab.com:/acme/shop.git', 'any'],
    ['oci://ghcr.io/acme/shop', 'any'],
    ['', 'any'],
  ])('%s', (repoURL, target) => {
    expect(shortOf(resolveTarget(AUTO, run(), tracking(repoURL)))).toBe(target);
  });

  test.each([
    ['https://github.example.com', 'https://github.example.com/acme/shop.git', own],
    ['https://github.example.com/', 'git@github.example.com:acme/shop.git', own],
    ['https://github.example.com:8443', 'https://github.example.com:8443/acme/shop', own],
    ['https://github.example.com:8443', 'ssh://git@github.example.com:2222/acme/shop', own],
    ['https://GitHub.Example.com', 'https://github.example.com/Acme/Shop', own],
    ['https://github.example.com', 'https://github.com/acme/shop', 'any'],
    ['https://github.com', 'https://github.example.com/acme/shop', 'any'],
  ])('on %s, %s', (serverUrl, repoURL, target) => {
    expect(shortOf(resolveTarget(AUTO, run({ serverUrl }), tracking(repoURL)))).toBe(target);
  });

  test.each(['https://github.com/acme/shop', 'git@github.com:', '', 'https://', 'https://a@'])(
    'a million slashes after %j do not stop the step',
    async (start) => {
      const repoURL = `${start}${'/'.repeat(1_000_000)}x`;
      const resolve = () => resolveTarget(AUTO, run(), tracking(repoURL));
      expect(shortOf(resolve())).toBe('any');
      // An expression that backtracks costs thousands.
      expect(await costOf(resolve)).toBeLessThan(50);
    },
  );

  test('a Helm chart of that URL is no Git source', () => {
    const chart = tracking('https://github.com/acme/shop', 'main', { chart: 'shop' });
    expect(shortOf(resolveTarget(AUTO, run(), chart))).toBe('any');
  });

  test('a run without a repository owns nothing', () => {
    const target = resolveTarget(AUTO, run({ repository: '' }), tracking('https://github.com/'));
    expect(shortOf(target)).toBe('any');
  });

  test('of several sources only its own ones count', () => {
    const several = app({
      sources: [
        { repoURL: 'https://charts.example', chart: 'shop', targetRevision: '1.2.3' },
        { repoURL: 'git@github.com:acme/shop.git', targetRevision: 'main' },
        { repoURL: 'https://github.com/acme/shop', targetRevision: 'release' },
        { repoURL: 'https://github.com/acme/shop', targetRevision: '' },
      ],
    });
    expect(shortOf(resolveTarget(AUTO, run(), several))).toBe(`${B} of 1+3`);
    expect(shortOf(resolveTarget(AUTO, run({}, 'refs/heads/release'), several))).toBe(`${B} of 2`);
  });
});

describe('auto compares the ref of the run with what is tracked', () => {
  const OWN = 'https://github.com/acme/shop';
  test.each([
    ['main', 'refs/heads/main', true],
    ['HEAD', 'refs/heads/main', true],
    ['', 'refs/heads/main', true],
    ['HEAD', 'refs/heads/feature', false],
    ['', 'refs/heads/feature', false],
    ['HEAD', 'refs/tags/main', false],
    ['release', 'refs/heads/release', true],
    ['release', 'refs/heads/main', false],
    ['main', 'refs/heads/main-2', false],
    ['v1.2.3', 'refs/tags/v1.2.3', true],
    ['v1.2.3', 'refs/heads/main', false],
    ['refs/heads/main', 'refs/heads/main', true],
    ['refs/tags/v1', 'refs/tags/v1', true],
    ['feature/x', 'refs/heads/feature/x', true],
    ['x', 'refs/heads/feature/x', false],
    [B, 'refs/heads/anything', true],
    [B.slice(0, 7), 'refs/heads/anything', true],
    [B.toUpperCase(), 'refs/heads/anything', true],
    [A, 'refs/heads/main', false],
    ['20260301', 'refs/tags/20260301', true],
    ['20260301', 'refs/tags/20260302', false],
    ['deadbeef', 'refs/heads/deadbeef', true],
    ['main', 'refs/pull/1/merge', false],
  ])('tracks %j, run for %s: %j', (tracked, ref, found) => {
    const target = resolveTarget(AUTO, run({}, ref), tracking(OWN, tracked));
    expect(shortOf(target)).toBe(found ? `${B} of 0` : 'any');
  });

  test('says why there is none', () => {
    const why = (origin: RunOrigin, application: Application) =>
      resolveTarget(AUTO, origin, application).why;
    const commit = { kind: 'none', why: 'a pull request is not deployed' } as const;
    expect(why(run({ commit }), tracking(OWN))).toBe('a pull request is not deployed');
    expect(why(run(), tracking('https://github.com/acme/config'))).toBe(
      'no source of the Application is acme/shop',
    );
    expect(why(run({ repository: '' }), tracking(OWN))).toBe(
      'no source of the Application is known',
    );
    expect(why(run({}, 'refs/heads/x'), tracking(OWN, ''))).toBe(
      'the Application tracks HEAD of acme/shop, and this run is for refs/heads/x',
    );
    expect(why(run(), tracking(OWN))).toBe("the run's commit");
  });
});

describe('a revision that the user names', () => {
  const named = (text: string): RevisionRequest => ({ kind: 'revision', text });
  const OWN = tracking('https://github.com/acme/shop');
  const CHART = app({
    sources: [{ repoURL: 'https://charts.example', chart: 'shop', targetRevision: '1.x' }],
  });

  test.each([
    [OWN, B, `${B} of 0`],
    [OWN, 'bbbbbbb', 'bbbbbbb of 0'],
    [OWN, 'main', 'main lookup acme/shop'],
    [OWN, 'v1.2.3', 'v1.2.3 lookup acme/shop'],
    [OWN, 'abc', 'abc lookup acme/shop'],
    [OWN, '20260301', '20260301 of 0 lookup acme/shop'],
    [OWN, '1'.repeat(40), `${'1'.repeat(40)} of 0`],
    [tracking('https://github.com/acme/config'), '20260301', '20260301'],
    [CHART, '1.2.3', '1.2.3'],
    [CHART, B, B],
    [tracking('https://github.com/acme/config'), B, B],
    [tracking('https://github.com/acme/config'), 'main', 'main'],
  ])('%#: %s', (application, text, target) => {
    expect(shortOf(resolveTarget(named(text), run(), application))).toBe(target);
  });

  describe('a word may be a branch, which is always "deployed"', () => {
    const GIT = { repoURL: 'https://github.com/acme/config', targetRevision: 'main' };
    const HELM = { repoURL: 'https://charts.example', chart: 'shop', targetRevision: '1.x' };
    const OCI = { repoURL: 'oci://ghcr.io/acme/shop', targetRevision: 'stable' };
    test.each<[string, string, readonly Json[], boolean]>([
      ['of a Git source', 'main', [GIT], true],
      ['of the Git source beside a chart', 'main', [HELM, GIT], true],
      ['of the Git source beside an image', 'main', [OCI, GIT], true],
      ['of the Git source, though none tracks it', 'next', [HELM, OCI, GIT], true],
      ['but not of a chart', 'main', [HELM], false],
      ['nor of an image', 'latest', [OCI], false],
      ['nor what the image beside a Git source is at', 'stable', [OCI, GIT], false],
      ['nor what the chart beside a Git source is at', '1.x', [HELM, GIT], false],
      ['nor a version', 'v1.2.3', [GIT], false],
      ['nor a digest', `sha256:${'d'.repeat(64)}`, [GIT], false],
    ])('%s: %s', (_, text, sources, vague) => {
      const target = resolveTarget(named(text), run(), app({ sources }));
      expect(target).toMatchObject({ kind: 'revision', text });
      expect('vague' in target).toBe(vague);
    });
  });

  test('none is whatever is deployed', () => {
    expect(resolveTarget({ kind: 'none' }, run(), OWN)).toEqual({
      kind: 'any',
      why: 'revision is none',
    });
  });

  test('its repository says which commit a name means', () => {
    const asked = resolveTarget(named('main'), run(), OWN);
    expect(lookedUp(asked, B, OWN)).toEqual({ kind: 'revision', text: B, why: `main names ${B}` });
    // A word that no repository knows may be a branch, which is always "deployed".
    const why = 'named by the input revision';
    const unknown = { kind: 'revision', text: 'main', why };
    expect(lookedUp(asked, undefined, OWN)).toEqual({ ...unknown, vague: true });
    const version = resolveTarget(named('v1.2.3'), run(), OWN);
    expect(lookedUp(version, undefined, OWN)).toEqual({ ...unknown, text: 'v1.2.3' });
    // A number that is no tag is the beginning of a commit.
    const number = resolveTarget(named('20260301'), run(), OWN);
    expect(lookedUp(number, B, OWN)).toMatchObject({ text: B, sources: new Set([0]) });
    const sources = new Set([0]);
    expect(lookedUp(number, undefined, OWN)).toEqual({
      ...{ ...unknown, text: '20260301', sources },
    });
    const any: Target = { kind: 'any', why: '' };
    expect(lookedUp(any, B, OWN)).toBe(any);
  });
});

describe('revisions that a target names', () => {
  const at = (resolved: readonly string[], tracked: readonly string[] = []): Revisions => ({
    resolved,
    tracked,
  });
  const DIGEST = `sha256:${'d'.repeat(64)}`;
  const DRY = 'd'.repeat(40);
  const HYDRATED = 'e'.repeat(40);
  const pairs = [{ dry: DRY, hydrated: HYDRATED }];

  test.each<[string, string, Revisions, boolean]>([
    ['the same commit', B, at([B]), true],
    ['another commit', B, at([A]), false],
    ['nothing resolved yet', B, at([]), false],
    ['seven digits', 'bbbbbbb', at([B]), true],
    ['upper case', B.toUpperCase(), at([B]), true],
    ['upper case, shortened', 'BBBBBBBB', at([B]), true],
    ['the whole of a shortened one', B, at([B.slice(0, 7)]), false],
    ['too short for a commit', 'bbbbbb', at([B]), false],
    ['digits in the middle', 'abababa', at([`f${'ab'.repeat(19)}a`]), false],
    ['a branch by what it was resolved from', 'main', at([B], ['main']), true],
    ['a tag by what it was resolved from', 'v1.2.3', at([B], ['v1.2.3']), true],
    ['another tag', 'v1.2.3', at([B], ['v1.2.4']), false],
    ['a commit is not what was tracked', 'abcdef0', at([B], ['abcdef0']), false],
    ['a date that is a tag', '20260301', at([B], ['20260301']), true],
    ['another date', '20260301', at([B], ['20260302']), false],
    ['a chart version', '1.2.3', at(['1.2.3'], ['1.x']), true],
    ['with a leading v', 'v1.2.3', at(['1.2.3']), true],
    ['without the leading v', '1.2.3', at(['v1.2.3']), true],
    ['build metadata of the chart', '1.2.3', at(['1.2.3+build.7']), true],
    ['build metadata of the text', '1.2.3+build.7', at(['1.2.3']), true],
    ['another version', '1.2.3', at(['1.2.30']), false],
    ['a pre-release is another version', '1.2.3', at(['1.2.3-rc.1']), false],
    ['a range by what it was resolved from', '1.x', at(['1.2.3'], ['1.x']), true],
    ['a v that is part of a name', 'very', at(['ery']), false],
    ['a plus that is part of a name', 'a+b', at(['a']), false],
    ['nothing is not a version', '', at([''], ['']), false],
    ['a digest', DIGEST, at([DIGEST]), true],
    ['a digest cut short', 'sha256:ddddddd', at([DIGEST]), true],
    ['a digest in bare hex', 'd'.repeat(64), at([DIGEST]), true],
    ['another digest', `sha256:${'c'.repeat(64)}`, at([DIGEST]), false],
    ['an OCI tag', '1.4.0', at([DIGEST], ['1.4.0']), true],
    ['an OCI tag with a v', 'v1.4.0', at([DIGEST], ['1.4.0']), true],
    ['an OCI tag that is a commit', B, at([DIGEST], [B]), true],
    ['an OCI tag of digits only', '20260301', at([DIGEST], ['20260301']), true],
    ['an OCI tag that begins with it', 'bbbbbbb', at([DIGEST], ['bbbbbbbb']), false],
    ['any of several sources', B, at([A, B]), true],
    ['a tag of the second source', '1.4.0', at([B, DIGEST], ['main', '1.4.0']), true],
  ])('%s', (_, text, revisions, found) => {
    expect(matches(revision(text), revisions)).toBe(found);
  });

  test.each<[string, Target, Revisions, boolean]>([
    ['its own source', revision(B, [1]), at([A, B]), true],
    ['another source', revision(B, [0]), at([A, B]), false],
    ['one of its own sources', revision(B, [0, 2]), at([A, A, B]), true],
    ['a tag of another source', revision('v1', [0]), at([A, B], ['main', 'v1']), false],
    ['a source that is gone', revision(B, [3]), at([B]), false],
  ])('limited to sources: %s', (_, target, revisions, found) => {
    expect(matches(target, revisions)).toBe(found);
  });

  test.each<[string, Target, boolean]>([
    ['the dry commit', revision(DRY), true],
    ['the dry commit, shortened', revision(DRY.slice(0, 8)), true],
    ['the hydrated commit', revision(HYDRATED), true],
    ['another commit', revision(A), false],
    ['the dry commit of another source', revision(DRY, [1]), false],
  ])('hydrated: %s', (_, target, found) => {
    expect(matches(target, at([HYDRATED]), pairs)).toBe(found);
    expect(matches(revision(DRY), at([A]), pairs)).toBe(false);
  });

  test('whatever is deployed is anything', () => {
    expect(matches({ kind: 'any', why: '' }, at([]))).toBe(true);
  });

  test.each([
    ['abcdef0', true],
    ['ABCDEF0', true],
    ['a'.repeat(64), true],
    ['a'.repeat(65), false],
    ['abcdef', false],
    ['abcdefg', false],
    ['v1.2.3', false],
    ['sha256:abcdef0', false],
    ['', false],
  ])('%j is a commit: %j', (text, yes) => {
    expect(isSha(text)).toBe(yes);
  });

  test('the key tells revisions apart, and is empty while they are not resolved', () => {
    expect(revisionKey(at([A, B]))).not.toBe(revisionKey(at([B, A])));
    expect(revisionKey(at([]))).toBe('');
  });
});

describe('the repository of a source', () => {
  const source = (repoURL: string, chart = '') => ({ repoURL, chart, targetRevision: '' });
  test.each([
    ['git@github.com:Acme/Shop.git', 'https://github.com', 'acme/shop'],
    ['https://github.com/acme/shop', 'https://github.com/', 'acme/shop'],
    ['https://ghe.example:8443/acme/shop', 'https://ghe.example:8443', 'acme/shop'],
    ['https://github.com/acme/shop', 'https://ghe.example', undefined],
    ['https://github.com/acme', 'https://github.com', undefined],
    ['https://github.com/acme/shop/wiki', 'https://github.com', undefined],
    ['', 'https://github.com', undefined],
    ['', '', undefined],
  ])('%s on %s', (repoURL, serverUrl, repository) => {
    expect(repositoryAt(source(repoURL), serverUrl)).toBe(repository);
  });

  test('charts have none, nor does a source that is not there', () => {
    const chart = source('https://github.com/acme/shop', 'shop');
    expect(repositoryAt(chart, 'https://github.com')).toBeUndefined();
    expect(repositoryAt(undefined, 'https://github.com')).toBeUndefined();
  });
});
