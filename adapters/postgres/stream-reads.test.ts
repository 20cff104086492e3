import assert from 'node:assert/strict';
import { encodeEvent } from '@sagahub/contracts/event-codec.ts';
import { newId } from '@sagahub/contracts/ids.ts';
import type { Session } from './database.ts';
import { StreamReads } from './stream-reads.ts';

const BYTES = encodeEvent({
  id: newId(),
  type: 'Noted',
  data: {},
  metadata: { time: '2026-01-01T00:00:00.000Z', correlationId: 'c', actor: 'test', schemaVersion: 1 },
});

/** Answers with one event for each stream asked for; `broken` holds bytes that are none. */
class Server {
  readonly asked: (readonly string[])[] = [];
  readonly session: Session = {
    rows: async <Row extends readonly unknown[]>(_statement: unknown, [streams]: readonly unknown[] = []) => {
      const names = streams as readonly string[];
      this.asked.push(names);
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (names.includes('away')) throw new Error('the server is away');
      return names.map((name, index) => [
        '1',
        name,
        0,
        'ff',
        name === 'broken' ? '{' : BYTES,
        String(index + 1),
      ]) as readonly unknown[] as Row[];
    },
  };
}

describe('reads of streams in PostgreSQL', () => {
  const read = (reads: StreamReads, stream: string) => reads.read({ stream, from: 0, to: 9 });

  it('go together, each caller getting its own stream', async () => {
    const server = new Server();
    const reads = new StreamReads(server.session);
    const names = Array.from({ length: 250 }, (_, index) => `order-${index}`);
    const found = await Promise.all(names.map((name) => read(reads, name)));
    assert.deepEqual(
      found.map(([event]) => event?.stream),
      names,
    );
    assert.ok(server.asked.length <= 4, `${server.asked.length} statements`);
  });

  it('fail alone when the bytes of one stream are no events', async () => {
    const reads = new StreamReads(new Server().session);
    const [good, bad] = await Promise.allSettled([read(reads, 'order-1'), read(reads, 'broken')]);
    assert.equal(good.status, 'fulfilled');
    assert.ok(bad.status === 'rejected' && bad.reason instanceof SyntaxError);
  });

  it('go on after the server was away', async () => {
    const reads = new StreamReads(new Server().session);
    await assert.rejects(read(reads, 'away'), /away/);
    assert.equal((await read(reads, 'order-1')).length, 1);
  });
});
