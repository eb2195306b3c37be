import { expect, test } from '@jest/globals';
import { streamed } from './support/argocd/fields.ts';

/** The stand-in for an Argo CD server leaves out of a stream what a real one leaves out. */

const MESSAGE = {
  result: {
    type: 'MODIFIED',
    application: {
      metadata: { name: 'shop', managedFields: [{ manager: 'argocd' }] },
      status: { history: [{ id: 1, source: { path: 'deploy' } }, { id: 2 }], summary: {} },
    },
  },
};

test.each<[string, string, unknown]>([
  ['nothing is asked for', '', MESSAGE.result],
  [
    'fields are excluded, also of list items',
    '-result.application.metadata.managedFields,result.application.status.history.source',
    {
      type: 'MODIFIED',
      application: {
        metadata: { name: 'shop' },
        status: { history: [{ id: 1 }, { id: 2 }], summary: {} },
      },
    },
  ],
  [
    'fields are named',
    'result.application.metadata.name,result.application.status.history.id',
    {
      application: {
        metadata: { name: 'shop' },
        status: { history: [{ id: 1 }, { id: 2 }] },
      },
    },
  ],
])('where %s', (_, fields, result) => {
  const before = structuredClone(MESSAGE);
  expect(streamed(MESSAGE, fields)).toEqual({ result });
  expect(MESSAGE).toEqual(before);
});
