import { type ConfigOf, duration, flag, integer, type Settings } from '@sagahub/contracts/config.ts';

export const orchestrationSettings = {
  concurrency: {
    env: 'HUB_SAGA_CONCURRENCY',
    schema: integer(128, 1, 10_000),
    description: 'Sagas decided at once by one process.',
  },
  perPartner: {
    env: 'HUB_SAGA_CONCURRENCY_PER_PARTNER',
    schema: integer(64, 1, 10_000),
    description: 'Sagas of one partner decided at once, so that a flood delays only its sender.',
  },
  erpOverdueAfterMs: {
    env: 'HUB_ERP_OVERDUE_AFTER',
    schema: duration('5m'),
    description: 'After this long without an answer of the ERP an order is flagged overdue; nothing is undone.',
  },
  erpDeadlineMs: {
    env: 'HUB_ERP_DEADLINE',
    schema: duration('72h'),
    description: 'After this long an order the ERP never took is undone. The clock stands still while the breaker of the ERP is open.',
  },
  paymentOverdueAfterMs: {
    env: 'HUB_PAYMENT_OVERDUE_AFTER',
    schema: duration('5m'),
    description: 'After this long without a decision of the payment processor a payment is flagged overdue; nothing is undone.',
  },
  paymentExpiresAfterMs: {
    env: 'HUB_PAYMENT_EXPIRES_AFTER',
    schema: duration('24h'),
    description:
      'After this long without a decision of the payment processor a payment is taken back there, and expires. By the clock on the wall, whatever ' +
      'held it up: by then the payer is gone.',
  },
  strictInventory: {
    env: 'HUB_STRICT_INVENTORY',
    schema: flag(false),
    description: 'Refuse orders for SKUs that no stock level was ever set for (default: accept them, uncounted).',
  },
} satisfies Settings;
export type OrchestrationConfig = ConfigOf<typeof orchestrationSettings>;
