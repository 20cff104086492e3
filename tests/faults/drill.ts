import assert from 'node:assert/strict';
import type { Answer } from '@sagahub/hub/harness/api-client.ts';
import type { HubProcess } from '@sagahub/hub/harness/hub-process.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import type { HubFromOutside } from './evidence.ts';
import { isConnectionLost } from './lost-connection.ts';
import { Witness } from './witness.ts';

/** Of the orders' first line: three of it. */
export const SKU = 'SKU-00042';

/** A hub in a process of its own that is to crash or to stop, with whoever sends it orders. */
export class Drill implements HubFromOutside {
  readonly hub: HubProcess;
  readonly erp;
  readonly demo;
  readonly operator;
  readonly auditor;
  readonly witness = new Witness();

  constructor(hub: HubProcess) {
    this.hub = hub;
    this.erp = hub.erp;
    this.demo = hub.client('demo');
    this.operator = hub.client('operator');
    this.auditor = hub.client('auditor');
  }

  get managementUrl(): string {
    return this.hub.managementUrl;
  }

  async stockUp(available = '100'): Promise<Answer> {
    return this.operator.put('/api/v1/admin/inventory', { items: [{ sku: SKU, available }] });
  }

  /** @returns the order's id; undefined when no answer came */
  async post(orderNumber: string, changes = {}): Promise<string | undefined> {
    const answer = await unanswered(this.demo.post('/api/v1/orders', anOrder(orderNumber, changes)));
    if (!answer) return undefined;
    assert.equal(answer.status, 202, answer.text);
    this.witness.accept({ orderId: answer.body.orderId, orderNumber, submission: 1 }, '');
    return answer.body.orderId as string;
  }

  async isIn(orderId: string, status: string): Promise<void> {
    await until(
      `the order being ${status}`,
      () => this.demo.get(`/api/v1/orders/${orderId}`),
      ({ body }) => body.status === status,
    );
  }
}

/** The answer of a hub that may die over it. */
export const unanswered = async (answer: Promise<Answer>): Promise<Answer | undefined> => {
  try {
    return await answer;
  } catch (error) {
    if (isConnectionLost(error)) return undefined;
    throw error;
  }
};
