import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ApiClient } from '@sagahub/hub/harness/api-client.ts';
import { ORDERS, type Work } from './work.ts';

interface LogLine {
  readonly type: string;
  readonly stream: string;
  readonly time: string;
  readonly data: Readonly<Record<string, string>>;
}

/** When orders (or payments) ended well, by their names, milliseconds since 1970: the times of their events, read off the log. */
export const completionTimes = async (
  auditor: ApiClient,
  from: string,
  { received, ended, nameIn }: Work = ORDERS,
): Promise<ReadonlyMap<string, number>> => {
  const response = await auditor.open('GET', `/api/v1/events?type=${received},${ended}&from=${from}`);
  if (!response.ok || !response.body) throw new Error(`the log was answered with ${response.status}`);
  const names = new Map<string, string>();
  const times = new Map<string, number>();
  for await (const line of createInterface(Readable.fromWeb(response.body))) {
    const { type, stream, time, data } = JSON.parse(line) as LogLine;
    if (type === received) names.set(stream, data[nameIn]!);
    else {
      const name = names.get(stream);
      if (name !== undefined) times.set(name, Date.parse(time));
    }
  }
  return times;
};
