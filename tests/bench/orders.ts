import type { ApiClient } from '@sagahub/hub/harness/api-client.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';

const SKUS = 200;
/** More than any run sells. */
const PLENTY = '100000000000';
const DISCOUNT = 'WELCOME10';
const PARTS = [
  'Ball bearing 6204-2RS',
  'Shaft seal 20x47x7 NBR',
  'Retaining ring DIN 472',
  'Grease cartridge 400 g',
  'Hexagon socket key set',
];

const skuOf = (n: number): string => `SKU-${String(n % SKUS).padStart(5, '0')}`;

/** The body of an order: 1 KB on average, 3 to 5 lines of counted stock, one in five with a discount, one in ten of a new buyer. */
export const orderBody = (orderNumber: string, n: number): string =>
  JSON.stringify(
    anOrder(orderNumber, {
      buyer: { id: `C-${n % 10 === 0 ? `new-${n}` : n % 1_000}`, name: 'Ada Keller', email: 'ada@example.test', taxId: 'FR12345678' },
      lines: Array.from({ length: 3 + (n % 3) }, (_, index) => ({
        lineNumber: index + 1,
        sku: skuOf(n + index),
        description: PARTS[index],
        quantity: String(1 + ((n + index) % 25)),
        unit: 'EA',
        unitPrice: `${1 + ((7 * n + index) % 90)}.${10 + index}`,
      })),
      ...(n % 5 === 0 && { discountCode: DISCOUNT }),
      note: 'rear loading bay, ring twice; pallets no higher than 1.80 m, deliveries until 16:00',
      metadata: { channel: 'edi', department: 'maintenance', batch: String(Math.floor(n / 100)) },
    }),
  );

/** Stocks every SKU and defines the discount, so that each order takes from rows that have to be written. */
export const stockUp = async (operator: ApiClient): Promise<void> => {
  const items = Array.from({ length: SKUS }, (_, n) => ({ sku: skuOf(n), available: PLENTY }));
  await mustSucceed(operator, '/api/v1/admin/inventory', { items });
  await mustSucceed(operator, '/api/v1/admin/discounts', { items: [{ code: DISCOUNT, percent: '10' }] });
};

const mustSucceed = async (operator: ApiClient, path: string, body: object): Promise<void> => {
  const { status, text } = await operator.put(path, body);
  if (status !== 200) throw new Error(`PUT ${path} was answered ${status}: ${text}`);
};
