import assert from 'node:assert/strict';
import { HubProcess } from '@sagahub/hub/harness/hub-process.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { WELL_BEHAVED } from '@sagahub/simulators/erp/behaviour.ts';
import { programOf } from '../bundle.ts';
import { ROOT } from '../source-files.ts';
import type { CrashPointName } from './crash-points.ts';
import { CrashScene } from './crash-scene.ts';
import { Drill, SKU, unanswered } from './drill.ts';
import { gatherEvidence } from './evidence.ts';
import { brokenPromises, type Evidence } from './invariants.ts';

const CRASHING_HUB = 'tests/faults/crashing-hub.ts';
const QUICK = {
  HUB_ERP_TIMEOUT: '500ms',
  HUB_ERP_RETRY_DELAYS: '50ms,100ms,200ms,400ms',
  HUB_ERP_SETTLE: '200ms',
  HUB_BREAKER_OPEN: '200ms',
  HUB_LOG_LEVEL: 'error',
};
const REFUSED_SKU = 'SKU-REFUSED';
const REASON = { reason: 'a drill' };
/** Of an order on its way to the ERP. */
const SUBMITTING = ['OrderReceived', 'StockReserved', 'OrderValidated', 'ErpSubmissionRequested'];
const COMPLETED = [...SUBMITTING, 'OrderSentToErp', 'OrderCompleted'];

interface Plan {
  /** Brings the hub to the point; the default posts one order. */
  readonly provoke?: (drill: Drill) => Promise<unknown>;
  /** Asserts on what the crash left. */
  readonly left: (scene: CrashScene, drill: Drill) => void;
  /** What partners and operators do once the hub is back. */
  readonly afterwards?: (drill: Drill) => Promise<unknown>;
}

/** Crashes at the point, starts again as usual, waits until everything has come to its end, and checks all promises. */
const crashAndRecover = async (at: CrashPointName, { provoke, left, afterwards }: Plan): Promise<Evidence> => {
  await using hub = await HubProcess.create({ env: QUICK, erp: { refusedSkus: [REFUSED_SKU] } });
  const drill = new Drill(hub);
  const started = hub.startAgain({ HUB_TEST_CRASH_AT: at }, [programOf(ROOT, CRASHING_HUB)]).then(async () => {
    if (provoke) return provoke(drill);
    await drill.stockUp();
    await drill.post('PO-1');
  });
  const early = await started.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.equal(await hub.ended(), 'SIGKILL', String(early));
  assert.match(hub.output, new RegExp(`^crashed at ${at}$`, 'm'));
  {
    await using scene = await CrashScene.of(hub.dataFolder);
    left(scene, drill);
  }
  await hub.startAgain();
  await hub.erp.behave({ ...WELL_BEHAVED, refusedSkus: [REFUSED_SKU] });
  await afterwards?.(drill);
  const evidence = await gatherEvidence(drill, drill.witness);
  assert.deepEqual(brokenPromises(evidence), []);
  return evidence;
};

const completes = async (evidence: Promise<Evidence>, count = 1): Promise<void> => assert.equal((await evidence).stats.completed, count);

describe('a hub that crashes', () => {
  before(function () {});

  const point = (title: string, test: () => Promise<unknown>) => it(title, test);

  point('while an order is written: whoever sends it again has one order', () =>
    completes(
      crashAndRecover('during-append', {
        left: (scene) => assert.ok(['', 'OrderReceived'].includes(scene.typesOf('order-').join())),
        afterwards: (drill) => drill.post('PO-1'),
      }),
    ),
  );

  point('after an order was written and before its sender was told: it is there, and sending it again is a repeat', () =>
    completes(
      crashAndRecover('after-append', {
        left: (scene) => assert.deepEqual(scene.typesOf('order-'), ['OrderReceived']),
        afterwards: async (drill) => {
          const { status, headers } = await drill.demo.post('/api/v1/orders', anOrder('PO-1'));
          assert.deepEqual([status, headers.get('idempotent-replayed')], [202, 'true']);
        },
      }),
    ),
  );

  point('after the append and before the hint: the next start finds the work', () =>
    completes(
      crashAndRecover('before-hint', {
        left: (scene) => {
          assert.deepEqual(scene.typesOf('order-'), ['OrderReceived']);
          assert.deepEqual(scene.openWork, []);
        },
      }),
    ),
  );

  point('after stock was reserved and before that was recorded: it is reserved once', () =>
    completes(
      crashAndRecover('after-reserve', {
        left: (scene) => {
          assert.deepEqual(scene.typesOf('order-'), ['OrderReceived']);
          assert.deepEqual(scene.stock(SKU), { free: '97', held: '3' });
        },
      }),
    ),
  );

  point('after stock was reserved, and the order is cancelled then: the stock is free again', async () => {
    const { stock, stats } = await crashAndRecover('after-reserve', {
      left: (scene) => assert.deepEqual(scene.stock(SKU), { free: '97', held: '3' }),
      afterwards: async (drill) => {
        const orderId = (await drill.post('PO-1'))!;
        await drill.demo.post(`/api/v1/orders/${orderId}/cancel`, {});
      },
    });
    assert.equal(stats.accepted, 1);
    assert.equal(stock[0]!.free, stats.cancelled === 1 ? '100' : '97');
  });

  point('after the saga decided and before the ERP was called', () =>
    completes(
      crashAndRecover('after-decision', {
        left: (scene, { erp }) => {
          assert.deepEqual(scene.typesOf('order-'), SUBMITTING);
          assert.equal(erp.stats().submissions, 0);
        },
      }),
    ),
  );

  point('after the ERP answered and before that was recorded: the ERP has it once', () =>
    completes(
      crashAndRecover('after-erp-answer', {
        left: (scene, { erp }) => {
          assert.deepEqual(scene.typesOf('order-'), SUBMITTING);
          assert.equal(erp.ledger.liveEffects().length, 1);
        },
      }),
    ),
  );

  point('after the ERP cancelled and before that was recorded: the order ends cancelled, with nothing left', async () => {
    const { stats, stock } = await crashAndRecover('after-erp-cancellation', {
      provoke: async (drill) => {
        await drill.stockUp();
        await drill.erp.behave({ lostAnswerRate: 1 });
        const orderId = (await drill.post('PO-1'))!;
        await until(
          'the ERP having it',
          async () => drill.erp.ledger.liveEffects().length,
          (count) => count === 1,
        );
        await unanswered(drill.demo.post(`/api/v1/orders/${orderId}/cancel`, {}));
        await drill.erp.behave(WELL_BEHAVED);
        await unanswered(drill.operator.post('/api/v1/admin/breakers/erp/close', REASON));
      },
      left: (scene, { erp }) => {
        assert.ok(scene.typesOf('order-').includes('ErpCancellationRequested'));
        assert.ok(!scene.typesOf('order-').includes('ErpOrderCancelled'));
        assert.equal(erp.ledger.totals().cancelled, 1);
      },
    });
    assert.equal(stats.cancelled, 1);
    assert.equal(stock[0]!.free, '100');
  });

  point('after stock was given back and before that was recorded: it is given back once', async () => {
    const { stats, stock } = await crashAndRecover('after-release', {
      provoke: async (drill) => {
        await drill.stockUp();
        const line = { quantity: '3', unitPrice: '1.00' };
        await drill.post('PO-1', { lines: [SKU, REFUSED_SKU].map((sku) => ({ sku, ...line })) });
      },
      left: (scene) => {
        assert.deepEqual(scene.typesOf('order-'), [...SUBMITTING, 'ErpSubmissionRefused']);
        assert.deepEqual(scene.stock(SKU), { free: '100', held: '0' });
      },
    });
    assert.equal(stats.rejected, 1);
    assert.equal(stock.find(({ sku }) => sku === SKU)!.free, '100');
  });

  point('between the two appends of a resubmission: a repeat completes it, with the same content alone', () => {
    let former = '';
    return completes(
      crashAndRecover('amid-resubmission', {
        provoke: async (drill) => {
          await drill.stockUp();
          former = (await drill.post('PO-1', { lines: [{ sku: REFUSED_SKU, quantity: '1', unitPrice: '1.00' }] }))!;
          await drill.isIn(former, 'rejected');
          await unanswered(drill.demo.post(`/api/v1/orders/${former}/resubmit`, anOrder('PO-1')));
        },
        left: (scene) => {
          assert.equal(scene.typesOf(`order-${former}`).at(-1), 'OrderResubmitted');
          assert.equal(scene.typesOf('order-').filter((type) => type === 'OrderReceived').length, 1);
        },
        afterwards: async ({ demo, witness }) => {
          const other = await demo.post(`/api/v1/orders/${former}/resubmit`, anOrder('PO-1', { note: 'something else' }));
          assert.deepEqual([other.status, other.body.code], [422, 'HUB_ORDER_RESUBMITTED']);
          const { status, body } = await demo.post(`/api/v1/orders/${former}/resubmit`, anOrder('PO-1'));
          assert.equal(status, 202);
          witness.accept({ orderId: body.orderId, orderNumber: 'PO-1', submission: 2 }, '');
        },
      }),
    );
  });

  point('while open work is copied to disk', () =>
    completes(
      crashAndRecover('during-open-work-flush', {
        provoke: async (drill) => {
          await drill.erp.behave({ outage: 'unavailable' });
          await drill.stockUp();
          await drill.post('PO-1');
        },
        left: (scene) => assert.deepEqual(scene.typesOf('order-').slice(0, 4), SUBMITTING.slice(0, scene.typesOf('order-').length)),
      }),
    ),
  );

  point('while the read model is written', () =>
    completes(crashAndRecover('during-projection', { left: (scene) => assert.equal(scene.typesOf('order-')[0], 'OrderReceived') })),
  );

  for (const [title, at] of [
    ['while the read model is rebuilt', 'during-rebuild'],
    ['before a rebuilt read model takes the place of the old one', 'before-promote'],
    ['after a rebuilt read model took the place of the old one', 'after-promote'],
  ] as const)
    point(`${title}: it can be read from the first moment, and the rebuild is brought to its end`, () => {
      let orderId = '';
      return completes(
        crashAndRecover(at, {
          provoke: async (drill) => {
            await drill.stockUp();
            orderId = (await drill.post('PO-1'))!;
            await drill.isIn(orderId, 'completed');
            await unanswered(drill.operator.post('/api/v1/admin/projections/orders/rebuild'));
          },
          left: (scene) => assert.deepEqual(scene.typesOf('order-'), COMPLETED),
          afterwards: async ({ demo, operator }) => {
            const { body } = await demo.get('/api/v1/orders');
            assert.deepEqual(
              body.items.map((order: { orderId: string; status: string }) => [order.orderId, order.status]),
              [[orderId, 'completed']],
            );
            await until(
              'the rebuild being over',
              () => operator.get('/api/v1/admin/projections'),
              ({ body: { items } }) => items[0].rebuilding === undefined,
            );
          },
        }),
      );
    });

  for (const [title, at, table] of [
    ['between the event of a stock level and its application', 'before-level', undefined],
    ['after a stock level was applied and before that was recorded', 'after-level', { free: '60', held: '0' }],
  ] as const)
    point(`${title}: the level holds, once`, async () => {
      const { stock } = await crashAndRecover(at, {
        provoke: (drill) => unanswered(drill.stockUp('60')),
        left: (scene) => {
          assert.deepEqual(scene.typesOf('stock-'), ['StockLevelSet']);
          assert.deepEqual(scene.stock(SKU), table);
        },
        afterwards: (drill) =>
          until(
            'the level being loaded',
            () => drill.auditor.get('/api/v1/events?type=StockLevelApplied'),
            ({ text }) => text !== '',
          ),
      });
      assert.deepEqual([stock[0]!.free, stock[0]!.held], ['60', '0']);
    });

  point('in its very first start, when a client is known and its secret is not', () =>
    completes(
      crashAndRecover('after-client-added', {
        left: (scene) => assert.deepEqual(scene.typesOf('client-'), ['ClientAdded']),
        afterwards: (drill) => drill.post('PO-1'),
      }),
    ),
  );
});
