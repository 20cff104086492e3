import { DEAD_LETTERS } from '@sagahub/contracts/messages/dead-letter.ts';
import type { CollectionSpec } from '@sagahub/contracts/ports/document-store.ts';
import { BREAKERS, breakerFold } from './breaker.ts';
import { orderFold } from './order.ts';
import { ORDERS } from './order-document.ts';
import { collectionsOf, type Projection } from './projection.ts';

const orders: Projection = {
  name: 'orders',
  version: 1,
  folds: [orderFold],
  collections: [
    {
      name: ORDERS,
      indexes: [
        ['partnerId', 'receivedAt'],
        ['partnerId', 'status', 'receivedAt'],
        ['orderNumber', 'partnerId'],
        ['status', 'receivedAt'],
        ['receivedAt'],
      ],
    },
    { name: DEAD_LETTERS, indexes: [['state', 'failedAt'], ['objectId'], ['failedAt']] },
  ],
};

const breakers: Projection = {
  name: 'breakers',
  version: 1,
  folds: [breakerFold],
  collections: [{ name: BREAKERS, indexes: [['state']] }],
};

export const PROJECTIONS: readonly Projection[] = [orders, breakers];

/** What the DocumentStore must be opened with. */
export const READ_MODEL_COLLECTIONS: readonly CollectionSpec[] = PROJECTIONS.flatMap(collectionsOf);
