import { DEAD_LETTER_INDEXES, DEAD_LETTERS } from '@sagahub/contracts/messages/dead-letter.ts';
import { REDRIVES } from '@sagahub/contracts/messages/redrive.ts';
import { BREAKERS, breakerFold } from './breaker.ts';
import { orderFold } from './order.ts';
import { ORDERS } from './order-document.ts';
import type { Projection } from './projection.ts';
import { redriveFold } from './redrive.ts';

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

export const redrivesProjection: Projection = {
  name: 'redrives',
  version: 1,
  folds: [redriveFold],
  collections: [{ name: REDRIVES, indexes: [['requestedAt'], ['status']] }],
};

/** Every projection of the hub. */
export const PROJECTIONS: readonly Projection[] = [ordersProjection, breakersProjection, redrivesProjection];
