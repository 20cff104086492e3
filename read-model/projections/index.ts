import { DEAD_LETTER_INDEXES, DEAD_LETTERS } from '@sagahub/contracts/messages/dead-letter.ts';
import { BREAKERS, breakerFold } from './breaker.ts';
import { orderFold } from './order.ts';
import { ORDERS } from './order-document.ts';
import type { Projection } from './projection.ts';

export const ordersProjection: Projection = {
  name: 'orders',
  version: 2,
  folds: [orderFold],
  collections: [
    {
      name: ORDERS,
      indexes: [
        ['partnerId', 'receivedAt'],
        ['partnerId', 'status', 'receivedAt'],
        ['orderNumber'],
        ['status', 'receivedAt'],
        ['receivedAt'],
      ],
      selective: ['orderNumber'],
    },
    { name: DEAD_LETTERS, indexes: DEAD_LETTER_INDEXES },
  ],
};

export const breakersProjection: Projection = {
  name: 'breakers',
  version: 2,
  folds: [breakerFold],
  collections: [{ name: BREAKERS, indexes: [['state']] }],
};

/** Every projection of the hub. */
export const PROJECTIONS: readonly Projection[] = [ordersProjection, breakersProjection];
