import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ApiClient } from '@sagahub/hub/harness/api-client.ts';

interface LogLine {
  readonly type: 'OrderReceived' | 'OrderCompleted';
  readonly stream: string;
  readonly time: string;
  readonly data: { readonly orderNumber?: string };
}

/** When orders completed, by order number, milliseconds since 1970: the times of their events, read off the log. */
export const completionTimes = async (auditor: ApiClient, from: string): Promise<ReadonlyMap<string, number>> => {
  const response = await auditor.open('GET', `/api/v1/events?type=OrderReceived,OrderCompleted&from=${from}`);
  if (!response.ok || !response.body) throw new Error(`the log was answered with ${response.status}`);
  const numbers = new Map<string, string>();
  const times = new Map<string, number>();
  for await (const line of createInterface(Readable.fromWeb(response.body))) {
    const { type, stream, time, data } = JSON.parse(line) as LogLine;
    if (type === 'OrderReceived') numbers.set(stream, data.orderNumber!);
    else {
      const orderNumber = numbers.get(stream);
      if (orderNumber !== undefined) times.set(orderNumber, Date.parse(time));
    }
  }
  return times;
};
