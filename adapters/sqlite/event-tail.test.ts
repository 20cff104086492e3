import assert from 'node:assert/strict';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import { EventTail } from './event-tail.ts';

const at = (position: number) => ({ position: BigInt(position) }) as RecordedEvent;
const fill = (tail: EventTail, count: number, bytes = 100) => {
  for (let added = 0; added < count; added += 1) tail.push(at(tail.end + 1), bytes);
};
const positions = (events: readonly RecordedEvent[]) => events.map(({ position }) => Number(position));

describe('event tail', () => {
  it('gives what is behind a position, up to a limit', () => {
    const tail = new EventTail(40);
    fill(tail, 5);
    assert.equal(tail.start, 40);
    assert.equal(tail.end, 45);
    assert.deepEqual(positions(tail.after(40, 3)), [41, 42, 43]);
    assert.deepEqual(positions(tail.after(43, 10)), [44, 45]);
    assert.deepEqual(tail.after(45, 10), []);
  });

  it('is empty once everybody has seen everything, and goes on from there', () => {
    const tail = new EventTail(0);
    fill(tail, 5);
    tail.release(5);
    assert.equal(tail.start, 5);
    fill(tail, 1);
    assert.deepEqual(positions(tail.after(5, 10)), [6]);
  });

  it('lets go of what was seen in pieces of 250, keeping the rest in place', () => {
    const tail = new EventTail(0);
    fill(tail, 6_000);
    tail.release(249);
    assert.equal(tail.start, 0);
    tail.release(250);
    assert.equal(tail.start, 250);
    tail.release(5_000);
    assert.equal(tail.start, 5_000);
    assert.deepEqual(positions(tail.after(5_998, 10)), [5_999, 6_000]);
  });

  it('holds a bounded number of events and bytes, whoever may still need them', () => {
    const many = new EventTail(0);
    fill(many, 25_000);
    assert.ok(many.end - many.start <= 10_000);
    assert.equal(many.end, 25_000);
    const large = new EventTail(0);
    fill(large, 100, 900 * 1024);
    assert.ok((large.end - large.start) * 900 * 1024 <= 32 * 1024 * 1024);
    assert.deepEqual(positions(large.after(99, 10)), [100]);
  });

  it('keeps nothing that nobody listens to', () => {
    const tail = new EventTail(0);
    fill(tail, 3);
    tail.skip();
    assert.equal(tail.start, 4);
    assert.equal(tail.end, 4);
  });
});
