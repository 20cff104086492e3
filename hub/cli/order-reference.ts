import { setTimeout as sleep } from 'node:timers/promises';
import type { OrderPage } from '@sagahub/contracts/api/order-views.ts';
import { type HubClient, query } from './client.ts';
import { CommandError, EXIT } from './exit-codes.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** The list is a moment behind: an order that was posted just now is looked for this often. */
const TRIES = 5;
const PAUSE_MS = 200;

/**
 * The id of an order that is named by its id or by its number; of a number that was submitted again, the newest.
 * @param path of the list that is searched: operators look in everybody's
 * @throws CommandError there is no order of this number
 */
export const orderIdOf = async (client: HubClient, idOrNumber: string, path = '/api/v1/orders'): Promise<string> => {
  if (UUID.test(idOrNumber)) return idOrNumber;
  for (let tries = 1; ; tries++) {
    const { items } = await client.call<OrderPage>('GET', `${path}${query({ orderNumber: idOrNumber, limit: 1 })}`);
    if (items[0]) return items[0].orderId;
    if (tries === TRIES) throw new CommandError(EXIT.notFound, `there is no order of the number ${idOrNumber}`);
    await sleep(PAUSE_MS);
  }
};
