/** Partners that send steadily, in a process of their own: what a flood costs the one that makes it must not be taken for theirs. */
import type { Target } from './load.ts';
import { Pressure } from './pressure.ts';

/** Of each. A connection that is opened while a flood opens hundreds is accepted behind those, up to a second later. */
const CONNECTIONS = 4;

const partners = (JSON.parse(process.argv[2] ?? '[]') as readonly (Target & { readonly name: string })[]).map(
  ({ name, ...target }) => new Pressure(target, name.toUpperCase(), CONNECTIONS),
);
process.on('message', ({ perSecond, seconds }: { readonly perSecond: number; readonly seconds: number }) => {
  void Promise.all(partners.map((partner) => partner.connect().then(() => partner.offer(perSecond, seconds)))).then((tallies) => {
    process.send?.({
      latencies: tallies.flatMap(({ accepted }) => accepted.map(({ latencyMs }) => latencyMs)),
      latenessMs: tallies.flatMap(({ latenessMs }) => latenessMs),
      refused: tallies.reduce((sum, { refusals }) => sum + refusals, 0),
    });
  });
});
