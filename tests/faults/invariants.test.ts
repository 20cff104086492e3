import assert from 'node:assert/strict';
import { brokenPromises, type Evidence, type LoggedEvent } from './invariants.ts';
import { Witness } from './witness.ts';

const event = (stream: string, revision: number, type: string, data: object, partnerId = 'demo'): LoggedEvent => ({
  stream,
  revision,
  type,
  data,
  metadata: { partnerId },
});
const items = [{ sku: 'A', quantity: '2' }];

const order = (id: string, orderNumber: string, ...rest: readonly (readonly [type: string, data: object])[]): LoggedEvent[] => [
  event(`order-${id}`, 0, 'OrderReceived', { orderId: id, orderNumber, submission: 1 }),
  ...rest.map(([type, data], index) => event(`order-${id}`, index + 1, type, data)),
];
const accepted = (orderId: string, orderNumber: string) => ({ orderId, orderNumber, submission: 1 });
const effect = (externalOrderId: string, total = '18.00') => ({ externalOrderId, total });

const LISTED = new Map([
  ['1', 'completed'],
  ['2', 'rejected'],
  ['3', 'cancelled'],
]);
const listed = (...more: [string, string][]): Evidence['lists'] => new Map([['demo', new Map([...LISTED, ...more])]]);

/** One order completed with a discount, one rejected, one cancelled after the ERP had made it. */
const SOUND: Evidence = {
  accepted: [accepted('1', 'PO-1'), accepted('2', 'PO-2'), accepted('3', 'PO-3')],
  complaints: [],
  log: [
    event('stock-A', 0, 'StockLevelSet', { sku: 'A', available: '10' }),
    event('stock-A', 1, 'StockLevelApplied', { sku: 'A', change: '10', levelRevision: 0 }),
    ...order(
      '1',
      'PO-1',
      ['StockReserved', { items }],
      ['DiscountApplied', { code: 'TEN' }],
      ['OrderSentToErp', { erpRef: 'E-1' }],
      ['OrderCompleted', { total: '18.00' }],
    ),
    ...order('2', 'PO-2', ['StockRejected', {}], ['OrderRejected', { compensation: 'none' }]),
    ...order(
      '3',
      'PO-3',
      ['StockReserved', { items }],
      ['DiscountApplied', { code: 'TEN' }],
      ['CancellationRequested', {}],
      ['ErpCancellationRequested', {}],
      ['DiscountReleased', {}],
      ['StockReleased', { items }],
      ['OrderCancelled', { compensation: 'full' }],
    ),
  ],
  ledger: [effect('1'), { ...effect('3'), cancelledAtMs: 1 }],
  stock: [{ sku: 'A', free: '8', held: '2' }],
  discounts: [
    { code: 'TEN', redeemed: 1, maxRedemptions: 2 },
    { code: 'FREE', redeemed: 0 },
  ],
  lists: new Map([['demo', LISTED]]),
  stats: { accepted: 3, completed: 1, rejected: 1, cancelled: 1, stuck: 0, inFlight: 0 },
  openWork: 0,
  told: new Set(['1']),
  verification: 'intact',
  drift: [],
};

const without = (type: string) => SOUND.log.filter((logged) => !(logged.type === type));
const breaks = (changes: Partial<Evidence>, ...sentences: readonly string[]) =>
  assert.deepEqual(brokenPromises({ ...SOUND, ...changes }), sentences);

describe('the checker of promises', () => {
  it('finds nothing where nothing is broken', () => breaks({}));

  it('finds an order that was accepted and lost', () =>
    breaks({ accepted: [...SOUND.accepted, accepted('4', 'PO-4')] }, 'PO-4 was answered 202 and is not in the log'));

  it('finds a level that was set and never reached the stock', () =>
    breaks({ log: [...SOUND.log, event('stock-B', 0, 'StockLevelSet', { sku: 'B', available: '1' })] }, 'B was set and is not in stock'));

  it('finds an answer that named another order', () =>
    breaks({ accepted: [accepted('1', 'PO-9')] }, 'PO-9 was answered 202 as 1, which is PO-1 in the log'));

  it('finds two orders of one number', () =>
    breaks(
      {
        log: [...SOUND.log, ...order('4', 'PO-1', ['OrderCancelled', { compensation: 'none' }])],
        lists: listed(['4', 'cancelled']),
        stats: { ...SOUND.stats, accepted: 4, cancelled: 2 },
      },
      'PO-1 of demo is in the log 2 times',
    ));

  it('finds an order that never ended', () =>
    breaks({ log: without('OrderRejected'), stats: { ...SOUND.stats, rejected: 0, inFlight: 1 } }, 'PO-2 has not ended'));

  it('finds an ended order that a late answer of the ERP reopened', () =>
    breaks(
      {
        log: [...SOUND.log, event('order-2', 3, 'OrderSentToErp', { erpRef: 'E-2' })],
        stats: { ...SOUND.stats, rejected: 0, inFlight: 1 },
      },
      'PO-2 has not ended',
    ));

  it('finds open work that nothing needs', () => breaks({ openWork: 2 }, '2 rows of open work are left'));

  it('finds a completed order that the ERP does not have, has twice, or has for another sum', () => {
    breaks({ ledger: [] }, 'PO-1 is completed and has 0 live effects at the ERP');
    breaks({ ledger: [effect('1'), effect('1')] }, 'PO-1 is completed and has 2 live effects at the ERP');
    breaks({ ledger: [effect('1', '20.00')] }, 'PO-1 comes to 18.00, and to 20.00 at the ERP');
  });

  it('finds what is left at the ERP of an order that ended otherwise, unless an operator left it', () => {
    breaks({ ledger: [effect('1'), effect('3')] }, 'PO-3 is cancelled and has 1 live effects at the ERP');
    breaks({ ledger: [effect('1'), effect('2')] }, 'PO-2 is rejected and has 1 live effects at the ERP');
    const abandoned = SOUND.log.map((logged) =>
      logged.type === 'OrderCancelled' ? { ...logged, data: { compensation: 'partial' } } : logged,
    );
    breaks({ log: abandoned, ledger: [effect('1'), effect('3')] });
  });

  it('finds an effect that no order asked for', () => breaks({ ledger: [effect('1'), effect('9')] }, 'the ERP holds 9, the log does not'));

  it('finds stock that is held for nobody, lost, oversold, or set and never loaded', () => {
    breaks({ stock: [{ sku: 'A', free: '6', held: '4' }] }, 'A: 4 held, the orders hold 2');
    breaks({ stock: [{ sku: 'A', free: '7', held: '2' }] }, 'A: free + held is not what was loaded');
    breaks({ stock: [{ sku: 'A', free: '-1', held: '2' }] }, 'A: free + held is not what was loaded', 'A is oversold: -1 free');
    breaks(
      { log: [...SOUND.log, event('stock-A', 2, 'StockLevelSet', { sku: 'A', available: '5' })] },
      'A was set 2 times and loaded 1 times',
    );
  });

  it('finds a discount used more often than it was counted, or than it may be', () => {
    breaks({ discounts: [{ code: 'TEN', redeemed: 0, maxRedemptions: 2 }] }, 'TEN: 0 redeemed, 1 orders used it');
    breaks({ discounts: [{ code: 'TEN', redeemed: 1, maxRedemptions: 0 }] }, 'TEN: 1 redeemed of 0');
  });

  it('finds a read model that says otherwise, knows more, or counts otherwise', () => {
    breaks({ lists: listed(['1', 'waiting']) }, 'PO-1 is completed, the read model says waiting');
    breaks({ lists: listed(['9', 'completed']) }, 'the read model lists 9, the log does not');
    breaks({ stats: { ...SOUND.stats, completed: 2 } }, '/stats says completed 2, the log says 1');
    breaks({ drift: ['1 document differs'] }, 'what is derived from the log differs from it: 1 document differs');
  });

  it('finds a partner who is shown, or told of, what is not theirs', () => {
    const theirs = [event('order-4', 0, 'OrderReceived', { orderNumber: 'PO-1', submission: 1 }, 'globex')];
    const ended = [...theirs, event('order-4', 1, 'OrderCancelled', { compensation: 'none' }, 'globex')];
    const two = { log: [...SOUND.log, ...ended], stats: { ...SOUND.stats, accepted: 4, cancelled: 2 } };
    breaks({ ...two, lists: new Map([...SOUND.lists, ['globex', new Map([['4', 'cancelled']])]]) });
    breaks({ ...two, lists: listed(['4', 'cancelled']) }, 'demo is shown 4, which is of globex');
    breaks({ told: new Set(['1', '4']) }, 'demo was told that 4 completed, which is not theirs');
  });

  it('finds a subscriber who was not told', () => breaks({ told: new Set() }, 'no subscriber was told that PO-1 (1) completed'));

  it('passes on that the history does not verify', () =>
    breaks({ verification: 'event 7 was edited' }, 'the history does not verify: event 7 was edited'));

  it('passes on what only senders saw', () => breaks({ complaints: ['somebody was answered 500'] }, 'somebody was answered 500'));
});

describe('the witness of answers', () => {
  it('complains when one number was accepted as two orders, or with two contents', () => {
    const witness = new Witness();
    witness.accept(accepted('1', 'PO-1'), 'content');
    witness.accept(accepted('1', 'PO-1'), 'content');
    assert.deepEqual([...witness.complaints], []);
    witness.accept(accepted('2', 'PO-1'), 'content');
    witness.accept(accepted('1', 'PO-1'), 'other content');
    witness.accept({ ...accepted('3', 'PO-1'), submission: 2 }, 'other content');
    assert.deepEqual(
      [...witness.complaints],
      ['PO-1, submission 1, was answered 202 as 1 and as 2', 'PO-1, submission 1, was answered 202 with two contents'],
    );
  });
});
