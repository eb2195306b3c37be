import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { nodePath } from '../../__tests__/support/action.ts';
import { usage } from './program.ts';
import { type Sampled, sampled } from './sample.ts';
import type { Order, Telling } from './scale-server.ts';
import { step } from './step.ts';

/** Of a step that waits for many Applications under one selector, each of which changes once. */
export interface Scale {
  readonly applications: number;
  readonly peakMiB: Sampled;
  readonly cpuMs: Sampled;
  readonly wallMs: Sampled;
}

export async function measureScale(applications: number, rounds: number): Promise<Scale> {
  const child = fork(join(import.meta.dirname, 'scale-server.ts'), [String(applications)], {
    execPath: nodePath(),
  });
  try {
    const at = await told(child, 'at');
    const program = step('scale', {
      selector: 'team=shop',
      server: at.url,
      token: at.token,
      'certificate-authority': at.ca,
    });
    const runs = [];
    for (let i = 0; i < rounds; i += 1) {
      order(child, 'ready');
      await told(child, 'ready');
      const changed = told(child, 'changed');
      runs.push(await usage(program));
      await changed;
    }
    order(child, 'end');
    await once(child, 'exit');
    return {
      applications,
      peakMiB: sampled(runs.map(({ peakMiB }) => peakMiB)),
      cpuMs: sampled(runs.map(({ cpuMs }) => cpuMs)),
      wallMs: sampled(runs.map(({ wallMs }) => wallMs)),
    };
  } finally {
    child.kill();
  }
}

function order(child: ChildProcess, word: Order): void {
  child.send(word);
}

type Told<K extends Telling['kind']> = Extract<Telling, { readonly kind: K }>;

async function told<K extends Telling['kind']>(child: ChildProcess, kind: K): Promise<Told<K>> {
  const [telling] = (await once(child, 'message')) as [Telling];
  if (telling.kind !== kind) throw new Error(`the server told ${telling.kind} instead of ${kind}`);
  return telling as Told<K>;
}
