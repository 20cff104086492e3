import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Waiter, WaitingRoom } from './waiting-room.ts';

const roomOf = (...partners: readonly string[]): WaitingRoom<Waiter> => {
  const room = new WaitingRoom<Waiter>();
  for (const [sinceMs, partnerId] of partners.entries()) room.add({ partnerId, sinceMs });
  return room;
};
/** Lets in whoever is next, as a gate does. */
const letIn = (room: WaitingRoom<Waiter>): string | undefined => {
  const next = room.next();
  if (next) room.hadTurn(next.partnerId);
  return next?.partnerId;
};
const inTurn = (room: WaitingRoom<Waiter>): string => {
  const order: string[] = [];
  for (let next = letIn(room); next !== undefined; next = letIn(room)) order.push(next);
  return order.join('');
};

describe('the waiting room', () => {
  it('lets partners in by turns, whoever came first', () => assert.equal(inTurn(roomOf('a', 'a', 'a', 'b', 'b', 'c')), 'abcaba'));

  it('lets in first who has nothing in hand', () => {
    const room = roomOf('a', 'a', 'a');
    letIn(room);
    room.add({ partnerId: 'b', sinceMs: 9 });
    assert.equal(inTurn(room), 'baa');
  });

  it('forgets a turn once the partner has nothing in hand', () => {
    const room = new WaitingRoom<Waiter>();
    room.hadTurn('a');
    room.hadTurn('b');
    room.forget('b');
    room.add({ partnerId: 'a', sinceMs: 0 });
    room.add({ partnerId: 'b', sinceMs: 1 });
    assert.equal(inTurn(room), 'ba');
  });

  it('has the newest of whoever has most give way', () => {
    const room = roomOf('a', 'b', 'a', 'b', 'b');
    assert.equal(room.fullest(), 'b');
    assert.deepEqual(room.removeNewestOf('b'), { partnerId: 'b', sinceMs: 4 });
    assert.deepEqual([room.size, room.waitingOf('a'), room.waitingOf('b')], [4, 2, 2]);
  });

  it('removes whoever came before, and nobody else', () => {
    const room = roomOf('a', 'b', 'a', 'b');
    assert.deepEqual(
      room.removeBefore(2).map(({ sinceMs }) => sinceMs),
      [0, 1],
    );
    assert.equal(room.size, 2);
  });

  it('removes those of some partners only', () => {
    const room = roomOf('a', 'b', 'a', 'b');
    assert.deepEqual(
      room.removeBefore(9, (partnerId) => partnerId === 'b').map(({ sinceMs }) => sinceMs),
      [1, 3],
    );
  });

  it('removes the newest of a long line whose oldest came before', () => {
    const room = roomOf('a', 'b', 'b', 'b', 'b', 'a');
    assert.deepEqual(
      room.removeBeyond(2, 2).map(({ sinceMs }) => sinceMs),
      [4, 3],
    );
    assert.deepEqual([room.size, ...room.partners()], [4, 'a', 'b']);
  });

  it('removes nobody of a long line that came only now', () => {
    const room = roomOf('a', 'b', 'b');
    assert.deepEqual(room.removeBeyond(0, 0), []);
  });

  it('is empty to begin with', () => {
    const room = roomOf();
    assert.deepEqual([room.next(), room.fullest(), room.removeNewestOf('a'), room.size], [undefined, undefined, undefined, 0]);
  });

  it('gives a partner that waits its turn before any other has two, whatever the others do', () =>
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 60 }), (arrivals) => {
        const room = roomOf(...arrivals);
        const turns: string[] = [];
        while (room.size > 0) {
          const waiting = new Set(['a', 'b', 'c', 'd'].filter((partner) => room.waitingOf(partner) > 0));
          turns.push(letIn(room)!);
          for (const partner of waiting) {
            const since = turns.slice(turns.lastIndexOf(partner) + 1);
            assert.equal(new Set(since).size, since.length, `${partner} waits, and after ${turns.join('')} somebody had two turns`);
          }
        }
        assert.deepEqual(turns.toSorted(), arrivals.toSorted());
      }),
    ));
});
