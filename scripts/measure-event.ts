/** Prints how long the built action takes from an event to its outputs, as a whole process. */
import { parseArgs } from 'node:util';
import { runAction } from '../__tests__/support/action.ts';
import { eventOf, goldenPayloads } from '../__tests__/support/payloads.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } });
const payloads = goldenPayloads();

for (const name of ['update-client-side-1', 'two-hundred', 'truncated']) {
  const times: number[] = [];
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const { durationMs } = await runAction({
      event: eventOf(payloads.get(name)),
      inputs: { source: 'event', filters: 'web: apps/Deployment/*/*' },
      env: { GITHUB_EVENT_NAME: 'repository_dispatch' },
    });
    times.push(durationMs);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => Math.round(times[Math.floor((times.length - 1) * share)] ?? 0);
  console.log(`${name}: median ${at(0.5)} ms, slowest ${at(1)} ms of ${times.length}`);
}
