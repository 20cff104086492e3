import { OPERATOR_ACTS } from '@sagahub/contracts/messages/operator.ts';
import { REDRIVES } from '@sagahub/contracts/messages/redrive.ts';
import {
  CONSUMER_DEAD_LETTERS,
  DEAD_LETTER_INDEXES,
  DEAD_LETTERS,
  INBOUND_DEAD_LETTERS,
  PAYMENT_DEAD_LETTERS,
  WEBHOOK_DEAD_LETTERS,
} from '@sagahub/contracts/messages/dead-letter.ts';
import { WEBHOOK_DELIVERIES, WEBHOOK_MESSAGES } from '@sagahub/contracts/messages/webhook-documents.ts';
import { BREAKERS, breakerFold } from './breaker.ts';
import { inboundFold } from './inbound.ts';
import { operatorFold } from './operator.ts';
import { orderFold } from './order.ts';
import { ORDERS } from './order-document.ts';
import { paymentFold } from './payment.ts';
import { PAYMENTS } from './payment-document.ts';
import type { Projection } from './projection.ts';
import { redriveFold } from './redrive.ts';
import { refusalFold } from './refusal.ts';
import { webhookFold } from './webhook.ts';

export const ordersProjection: Projection = {
  name: 'orders',
  version: 4,
  folds: [orderFold, inboundFold],
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
    { name: INBOUND_DEAD_LETTERS, indexes: DEAD_LETTER_INDEXES },
  ],
};

export const paymentsProjection: Projection = {
  name: 'payments',
  version: 1,
  folds: [paymentFold],
  collections: [
    {
      name: PAYMENTS,
      indexes: [
        ['partnerId', 'receivedAt'],
        ['partnerId', 'status', 'receivedAt'],
        ['paymentReference'],
        ['status', 'receivedAt'],
        ['inFlight', 'receivedAt'],
        ['receivedAt'],
      ],
      selective: ['paymentReference'],
    },
    { name: PAYMENT_DEAD_LETTERS, indexes: DEAD_LETTER_INDEXES },
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

export const webhooksProjection: Projection = {
  name: 'webhooks',
  version: 1,
  folds: [webhookFold],
  collections: [
    { name: WEBHOOK_DELIVERIES, indexes: [['objectId']] },
    {
      name: WEBHOOK_MESSAGES,
      indexes: [['subscriptionId', 'occurredAt'], ['subscriptionId', 'status', 'occurredAt'], ['objectId']],
      selective: ['objectId'],
    },
    { name: WEBHOOK_DEAD_LETTERS, indexes: DEAD_LETTER_INDEXES },
  ],
};

export const consumersProjection: Projection = {
  name: 'consumers',
  version: 1,
  folds: [refusalFold],
  collections: [{ name: CONSUMER_DEAD_LETTERS, indexes: DEAD_LETTER_INDEXES }],
};

export const operatorsProjection: Projection = {
  name: 'operators',
  version: 1,
  folds: [operatorFold],
  collections: [
    {
      name: OPERATOR_ACTS,
      indexes: [['at'], ['by', 'at'], ['action', 'at'], ['object', 'at'], ['outcome', 'at'], ['correlationId']],
      selective: ['correlationId', 'object'],
    },
  ],
};

/** Every projection of the hub. */
export const PROJECTIONS: readonly Projection[] = [
  ordersProjection,
  paymentsProjection,
  breakersProjection,
  redrivesProjection,
  webhooksProjection,
  consumersProjection,
  operatorsProjection,
];
