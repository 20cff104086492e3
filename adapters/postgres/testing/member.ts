import { appendOf } from '@sagahub/contracts/ports/event-store-harness.contract.ts';
import { NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import { systemClock } from '../../process/clock.ts';
import { openPostgresEventStore } from '../event-store.ts';
import { openHubDatabase } from '../hub-database.ts';
import { openPostgresLeadership } from '../leadership.ts';

/**
 * A process of its own on the log of the database that the first argument names; the second is its own name, the third the lease of its elections.
 * It says `ready`, stands for sequencer, and when told `{ writers, rounds }` appends that often from that many writers: to streams of their own, and
 * in between to one that all processes fight for.
 */
export type ToMember = { readonly writers: number; readonly rounds: number };
export type FromMember =
  | { readonly kind: 'ready' | 'done' }
  | { readonly kind: 'leads'; readonly epoch: string }
  | { readonly kind: 'appended'; readonly stream: string; readonly revision: number }
  | { readonly kind: 'failed'; readonly stream: string; readonly reason: string };

const [url = '', name = '', leaseMs = '5000'] = process.argv.slice(2);
const tell = (message: FromMember): void => void process.send?.(message);
const clock = systemClock();
const database = await openHubDatabase({ url });
const leadership = openPostgresLeadership(database, { clock, leaseMs: Number(leaseMs) });
const store = await openPostgresEventStore(database, {
  clock,
  leadership: {
    lead: (election, onLeading) =>
      leadership.lead(election, (term) => {
        tell({ kind: 'leads', epoch: String(term.epoch) });
        return onLeading(term);
      }),
    [Symbol.asyncDispose]: () => leadership[Symbol.asyncDispose](),
  },
});

const append = async (stream: string, expectedRevision: number, count: number): Promise<void> => {
  try {
    const { revision } = await store.append(appendOf(stream, expectedRevision, count));
    tell({ kind: 'appended', stream, revision });
  } catch (error) {
    tell({ kind: 'failed', stream, reason: (error as Error).message });
  }
};

const write = async (writer: number, rounds: number): Promise<void> => {
  for (let round = 0; round < rounds; round += 1) {
    const stream = `order-${name}-${writer}-${round}`;
    await append(stream, NO_STREAM, 1);
    await append(stream, 0, 4);
    const fought = await store.readStream('stock-fought');
    const { revision = NO_STREAM } = fought.at(-1) ?? {};
    await store.append(appendOf('stock-fought', revision)).catch(() => undefined); // somebody else was quicker
    await append(stream, 4, 2);
  }
};

process.on('message', (message) => {
  const { writers, rounds } = message as ToMember;
  void Promise.all(Array.from({ length: writers }, (_, writer) => write(writer, rounds))).then(() => tell({ kind: 'done' }));
});
process.once('disconnect', () => process.exit(0));
tell({ kind: 'ready' });
