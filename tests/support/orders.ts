export * from '@sagahub/hub/harness/orders.ts';
