import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Outcome, placeOf, rowFates, type RowFate } from './fate.ts';
import { groupRows } from './grouping.ts';
import { parseMapping } from './mapping.ts';
import { planImport, type Plan, unsent } from './plan.ts';
import type { Row } from './rows.ts';
import { summarize } from './summary.ts';
import { orderMaker } from './to-order.ts';

const MAPPING = parseMapping(
  JSON.stringify({
    group: 'Invoice',
    agree: ['Customer'],
    skip: [
      { rows: 'every', when: [{ column: 'Invoice', matches: '^C' }], reason: 'a credit note' },
      { rows: 'any', when: [{ column: 'Sku', equals: 'STOP' }], reason: 'on hold' },
      {
        rows: 'each',
        when: [
          { column: 'Sku', equals: 'POST' },
          { column: 'Price', equals: 0 },
        ],
        reason: 'free postage',
      },
    ],
    order: {
      orderNumber: '{Invoice}',
      currency: 'GBP',
      buyer: { id: ['{Customer|number}', 'WALK-IN'], name: 'Buyer' },
      shipTo: { country: '{Country|country}' },
    },
    line: { sku: '{Sku}', quantity: '{Quantity|number}', unitPrice: '{Price|number}' },
  }),
  'mapping',
);

const row = (line: number, fields: Record<string, string>): Row => ({
  file: 'day.csv',
  line,
  fields: { Invoice: '1', Sku: 'A', Quantity: '2', Price: '1.25', Customer: '7.0', Country: 'France', ...fields },
});
async function* each(rows: readonly Row[]): AsyncGenerator<Row> {
  yield* rows;
}
const planOf = async (...rows: readonly Row[]): Promise<Plan> => planImport(await groupRows(each(rows), MAPPING), orderMaker(MAPPING));

describe('an import plan', () => {
  it('makes one order of the rows of an invoice, wherever they stand', async () => {
    const { orders } = await planOf(row(2, {}), row(3, { Invoice: '2' }), row(4, { Sku: 'B', Quantity: '1', Price: '0.50' }));
    assert.deepEqual(
      orders.map(({ draft }) => draft?.body),
      [
        {
          orderNumber: '1',
          currency: 'GBP',
          buyer: { id: '7', name: 'Buyer' },
          shipTo: { country: 'FR' },
          lines: [
            { sku: 'A', quantity: '2', unitPrice: '1.25' },
            { sku: 'B', quantity: '1', unitPrice: '0.5' },
          ],
        },
        { ...(orders[1]?.draft?.body as object), orderNumber: '2' },
      ],
    );
    assert.equal(orders[0]?.draft?.subtotal, '3.00');
  });

  it('skips whole orders and single rows as the rules say, with their reasons', async () => {
    const { orders, decided } = await planOf(
      row(2, { Invoice: 'C1' }),
      row(3, { Invoice: '2' }),
      row(4, { Invoice: '2', Sku: 'STOP' }),
      row(5, { Invoice: '3' }),
      row(6, { Invoice: '3', Sku: 'POST', Price: '0.0' }),
      row(7, { Invoice: '3', Sku: 'POST', Price: '4' }),
    );
    assert.deepEqual(
      decided.map(({ line, fate, detail }) => [line, fate, detail]),
      [
        [2, 'skipped', 'a credit note'],
        [3, 'skipped', 'on hold'],
        [4, 'skipped', 'on hold'],
        [6, 'skipped', 'free postage'],
      ],
    );
    assert.deepEqual(
      orders.map(({ rows }) => rows.map(({ line }) => line)),
      [[5, 7]],
    );
  });

  it('refuses what the mapping cannot make, at the rows it is about', async () => {
    const { orders, decided } = await planOf(
      row(2, { Country: 'Atlantis' }),
      row(3, { Invoice: '2' }),
      row(4, { Invoice: '2', Customer: '8' }),
      row(5, { Invoice: ' ' }),
      { ...row(6, {}), fault: 'a quote is never closed' },
    );
    assert.equal(orders.filter(({ draft }) => draft).length, 0);
    assert.deepEqual(
      decided.map(({ line, fate, code }) => [line, fate, code]).toSorted(([one], [other]) => Number(one) - Number(other)),
      [
        [2, 'refused', 'unknown-country'],
        [3, 'refused', 'rows-disagree'],
        [4, 'refused', 'rows-disagree'],
        [5, 'refused', 'unreadable-row'],
        [6, 'refused', 'unreadable-row'],
      ],
    );
    assert.match(decided.find(({ line }) => line === 4)?.detail ?? '', /disagree on Customer: "7.0", "8"/);
  });

  it('tells a fault that points to a line at its row, and the others that another row is at fault', () => {
    const faults = [{ pointer: '#/lines/1/quantity', code: 'out-of-range', detail: 'must be greater than 0' }];
    const fates = rowFates([row(2, {}), row(3, {})], '1', { fate: 'refused', code: 'HUB_VALIDATION', detail: '1 field', faults });
    assert.deepEqual(
      fates.map(({ detail }) => detail),
      ['another row of the order is at fault', '#/lines/1/quantity must be greater than 0'],
    );
  });

  it('gives every row exactly one fate, and counts each row once', async () => {
    const some = <T>(...values: readonly T[]) => fc.constantFrom(...values);
    const anyRow = fc.record({
      Invoice: some('1', '2', '3', 'C4', 'C5', ''),
      Sku: some('A', 'B', 'POST', 'STOP'),
      Price: some('0', '1.25', 'free'),
      Customer: some('7', '7.0', ''),
      Country: some('France', 'Atlantis'),
      fault: some('', '', '', 'unreadable'),
    });
    const outcomes = some('accepted' as const, 'replayed' as const, 'refused' as const, 'unsent' as const);
    await fc.assert(
      fc.asyncProperty(fc.array(anyRow, { maxLength: 30 }), fc.array(outcomes, { minLength: 1 }), async (rows, wanted) => {
        const plan = await planOf(...rows.map(({ fault, ...fields }, index) => ({ ...row(index + 2, fields), ...(fault && { fault }) })));
        const fates = new Map<string, RowFate>();
        const add = (fate: RowFate) => {
          assert.ok(!fates.has(placeOf(fate)), `${placeOf(fate)} has two fates`);
          fates.set(placeOf(fate), fate);
        };
        plan.decided.forEach(add);
        let open = 0;
        for (const [index, order] of unsent(plan, fates).entries()) {
          const fate = wanted[index % wanted.length]!;
          if (fate === 'unsent') open += order.rows.length;
          else {
            const outcome: Outcome =
              fate === 'refused' ? { fate, code: 'X', detail: '', faults: [] } : { fate, orderId: `o-${index}`, status: 'received' };
            rowFates(order.rows, order.orderNumber, outcome).forEach(add);
          }
        }
        assert.equal(fates.size + open, rows.length);
        const summary = summarize(plan, fates);
        const counted = Object.values(summary.fates).reduce((sum, tally) => sum + tally.rows, 0);
        assert.deepEqual([summary.rows, counted, summary.open.rows], [rows.length, rows.length - open, open]);
      }),
    );
  });
});

describe('a mapping file', () => {
  it('is refused with every fault of it', () => {
    const faulty = { order: { orderNumber: '{A}', currency: 'GBP', buyer: {}, shipTo: {} }, line: {}, timeZone: 'Mars/Olympus', skipp: [] };
    assert.throws(
      () => parseMapping(JSON.stringify(faulty), 'm.json'),
      (error: Error) => /timeZone: must be a time zone/.test(error.message) && /skipp/.test(error.message),
    );
    assert.throws(() => parseMapping('{', 'm.json'), /m\.json is no JSON/);
  });
});
