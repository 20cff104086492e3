import assert from 'node:assert/strict';
import { v5 } from 'uuid';
import { derivedId, newId, orderIdOf, randomId } from './ids.ts';

const UUID = (version: number) => new RegExp(`^[\\da-f]{8}-[\\da-f]{4}-${version}[\\da-f]{3}-[89ab][\\da-f]{3}-[\\da-f]{12}$`);

describe('ids', () => {
  it('draws time-ordered ids, never one twice', () => {
    const ids = Array.from({ length: 5_000 }, newId);
    assert.equal(new Set(ids).size, ids.length);
    for (const id of ids) assert.match(id, UUID(7));
    const times = ids.map((id) => Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16));
    assert.ok(times.every((time, i) => i === 0 || time >= times[i - 1]!));
  });

  it('derives an order id from installation, partner, number and submission, and from nothing else', () => {
    const [one, other] = [randomId(), randomId()];
    const id = orderIdOf(one, 'acme', 'PO-1');
    assert.match(id, UUID(5));
    assert.equal(orderIdOf(one, 'acme', 'PO-1', 1), id);
    const others = [
      orderIdOf(other, 'acme', 'PO-1'),
      orderIdOf(one, 'zeta', 'PO-1'),
      orderIdOf(one, 'acme', 'PO-2'),
      orderIdOf(one, 'acme', 'PO-1', 2),
    ];
    assert.equal(new Set([id, ...others]).size, 5);
    assert.equal(derivedId(one, 'acme', 'PO-1'), id);
  });

  it('derives what every UUIDv5 implementation derives', () => {
    for (const name of ['', 'PO-1', 'acme\nPO-1', 'ß \u{1f69a}', 'x'.repeat(1_000)])
      for (const namespace of [randomId(), randomId()]) assert.equal(derivedId(namespace, name), v5(name, namespace));
  });
});
