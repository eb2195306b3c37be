import { expect, test } from '@jest/globals';
import { assignedTo, type ProjectWindow } from '../../../src/core/windows/assigned.js';

const WINDOW = { kind: 'deny', schedule: '0 22 * * *', duration: '8h', manualSync: false };
const SCOPE = { applications: [], clusters: [], namespaces: [], matchesAll: false };
const SHOP = {
  name: 'shop-web',
  destination: { server: 'https://kubernetes.default.svc', name: '', namespace: 'shop' },
};

// As `SyncWindows.Matches` of Argo CD.
test.each<[string, Partial<ProjectWindow>, boolean, object?]>([
  ['without any scope', {}, false],
  ['of every Application', { applications: ['*'] }, true],
  ['by name', { applications: ['api', 'shop-*'] }, true],
  ['of another one', { applications: ['shop'] }, false],
  ['a namespace of the Application is no part of its name', { applications: ['argocd/*'] }, false],
  ['by cluster', { clusters: ['https://kubernetes.*'] }, true],
  [
    'by the name of a cluster',
    { clusters: ['in-cluster'] },
    true,
    { server: '', name: 'in-cluster' },
  ],
  ['where its address is known only', { clusters: ['in-cluster'] }, false],
  ['where its name is known only', { clusters: ['https://*'] }, false, { server: '', name: 'x' }],
  ['where neither is', { clusters: [''] }, false, { server: '' }],
  ['by namespace', { namespaces: ['sho?'] }, true],
  ['of another namespace', { namespaces: ['shop-*'] }, false],
  ['one of three is enough', { applications: ['x'], clusters: ['x'], namespaces: ['shop'] }, true],
  ['none of two', { applications: ['x'], namespaces: ['x'] }, false],
  [
    'and: all that are given',
    { applications: ['shop-*'], namespaces: ['shop'], matchesAll: true },
    true,
  ],
  ['and: one alone', { clusters: ['https://*'], matchesAll: true }, true],
  ['and: one is another', { applications: ['shop-*'], namespaces: ['x'], matchesAll: true }, false],
  [
    'and: the first is another',
    { applications: ['x'], namespaces: ['shop'], matchesAll: true },
    false,
  ],
  ['and: none is given', { matchesAll: true }, false],
])('%s', (_, scope, applies, destination = {}) => {
  const application = { ...SHOP, destination: { ...SHOP.destination, ...destination } };
  const found = assignedTo(application, [{ ...WINDOW, timeZone: 'UTC', ...SCOPE, ...scope }]);
  expect(found).toEqual(applies ? [{ ...WINDOW, timeZone: 'UTC' }] : []);
});
