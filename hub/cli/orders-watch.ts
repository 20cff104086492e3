import type { TimelineEntry } from '@sagahub/contracts/api/object-views.ts';
import type { OrderChange } from '@sagahub/contracts/api/order-views.ts';
import { Command } from 'commander';
import { backOff, connect, type HubClient, isTransient, UnreachableError } from './client.ts';
import { linesOf } from './lines.ts';
import { orderIdOf } from './order-reference.ts';
import { waitingText } from './order-report.ts';
import { moment, note, type OutputOptions, safe } from './output.ts';
import { serverSentEvents } from './sse.ts';

/** Events behind which nothing more happens by itself. */
const FINAL = new Set(['OrderCompleted', 'OrderRejected', 'OrderCancelled']);

export const watchCommand = (): Command =>
  new Command('watch')
    .description('follow one order to its end, or all of your orders until Ctrl-C; goes on after a lost connection')
    .argument('[order]', 'its id or its number')
    .option('--json', 'one change a line')
    .action(async (order: string | undefined, { json }: OutputOptions) => {
      const client = connect('demo');
      const path = order === undefined ? '/api/v1/orders' : `/api/v1/orders/${await orderIdOf(client, order)}/timeline`;
      for await (const data of followed(client, path)) {
        const change = JSON.parse(data) as OrderChange & TimelineEntry;
        console.log(json ? data : safe(order === undefined ? changeLine(change) : entryLine(change)));
        if (order !== undefined && FINAL.has(change.type)) return;
      }
    });

/** Each message once, over as many connections as it takes. */
async function* followed(client: HubClient, path: string): AsyncGenerator<string> {
  let lastId: string | undefined;
  for (let failures = 0; ; ) {
    try {
      const headers = { accept: 'text/event-stream', ...(lastId !== undefined && { 'last-event-id': lastId }) };
      const { body } = await client.open('GET', path, { headers });
      if (!body) return;
      for await (const { id, data } of serverSentEvents(broken(client, linesOf(body)))) {
        lastId = id ?? lastId;
        failures = 0;
        yield data;
      }
    } catch (error) {
      if (!isTransient(error) || (failures === 0 && lastId === undefined)) throw error;
      if (failures === 0) note('the connection is lost; trying again');
      await backOff(failures++, error);
    }
  }
}

/** A stream that breaks off is a hub that cannot be reached. */
async function* broken(client: HubClient, lines: AsyncIterable<string>): AsyncGenerator<string> {
  try {
    yield* lines;
  } catch (error) {
    throw new UnreachableError(client.url, error);
  }
}

const changeLine = ({ at, orderNumber, status, type, waiting }: OrderChange): string =>
  [moment(at), orderNumber, status, type, waiting && waitingText(waiting)].filter(Boolean).join('  ');

const entryLine = ({ at, title, detail, actor }: TimelineEntry): string => [moment(at), title, detail, actor].filter(Boolean).join('  ');
