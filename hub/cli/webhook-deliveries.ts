import { Command } from 'commander';
import { connect, query } from './client.ts';
import { EXIT } from './exit-codes.ts';
import { facts, moment, note, type OutputOptions, print, table } from './output.ts';
import { time, wholeNumber } from './parsers.ts';
import { pathOf } from './webhook-paths.ts';

interface Delivery {
  readonly messageId: string;
  readonly type: string;
  readonly orderId?: string;
  readonly status: string;
  readonly attempts: number;
  readonly occurredAt: string;
  readonly nextAt?: string;
  readonly lastStatus?: number;
  readonly lastReason?: string;
}
interface Act {
  readonly at: string;
  readonly kind: string;
  readonly attempt?: number;
  readonly outcome?: string;
  readonly status?: number;
  readonly latencyMs?: number;
  readonly reason?: string;
  readonly excerpt?: string;
}
interface Detail extends Delivery {
  readonly request: { readonly url: string; readonly body: string };
  readonly history: readonly Act[];
}

export const deliveriesCommand = (): Command =>
  new Command('deliveries')
    .description('messages of a subscription, newest first')
    .argument('<subscriptionId>')
    .option('--status <list>', 'pending, retrying, delivered, dead-lettered or discarded, separated by commas')
    .option('--order <id>', 'about this order alone')
    .option('--from <time>', 'about what happened at or after this time', time)
    .option('--to <time>', 'about what happened before this time', time)
    .option('--limit <n>', 'at most so many', wholeNumber(1, 200), 50)
    .option('--json', 'print them as the API answers')
    .action(async (id: string, { json, order, ...filter }: OutputOptions & { order?: string; limit: number }) => {
      const path = pathOf(id, `/deliveries${query({ ...filter, orderId: order })}`);
      const { items, next } = await connect('demo').call<{ items: readonly Delivery[]; next?: string }>('GET', path);
      const rows = items.map((item) => [
        item.messageId,
        item.type,
        item.orderId,
        item.status,
        item.attempts,
        moment(item.occurredAt),
        moment(item.nextAt),
        item.lastReason,
      ]);
      print({ ...(json && { json }) }, items, () =>
        rows.length > 0 ? table(['message', 'type', 'order', 'status', 'attempts', 'happened', 'next', 'reason'], rows) : 'no messages',
      );
      if (next !== undefined) note('there are more; see --limit');
    });

export const deliveryCommand = (): Command =>
  new Command('delivery')
    .description('one message: what was sent, and what came of every attempt')
    .argument('<subscriptionId>')
    .argument('<messageId>')
    .option('--json', 'print it as the API answers')
    .action(async (id: string, messageId: string, options: OutputOptions) => {
      const detail = await connect('demo').call<Detail>('GET', pathOf(id, `/deliveries/${encodeURIComponent(messageId)}`));
      const { request, type, orderId, status, occurredAt, nextAt } = detail;
      print(options, detail, () => {
        const known = {
          message: messageId,
          type,
          order: orderId,
          status,
          happened: moment(occurredAt),
          next: moment(nextAt),
          url: request.url,
        };
        const rows = detail.history.map((act) => [
          moment(act.at),
          act.kind,
          act.attempt,
          act.outcome,
          act.status,
          act.latencyMs === undefined ? undefined : `${act.latencyMs} ms`,
          act.excerpt ?? act.reason,
        ]);
        return `${facts(known)}\n\n${table(['at', 'what', 'attempt', 'outcome', 'status', 'took', 'reason'], rows)}\n\n${request.body}`;
      });
    });

export const resendCommand = (): Command =>
  new Command('resend')
    .description('send a message again, whatever became of it')
    .argument('<subscriptionId>')
    .argument('<messageId>')
    .option('--reason <text>', 'kept in the history')
    .option('--json', 'print the result')
    .action(async (id: string, messageId: string, options: OutputOptions & { reason?: string }) => {
      const body = options.reason === undefined ? {} : { reason: options.reason };
      const path = pathOf(id, `/deliveries/${encodeURIComponent(messageId)}/resend`);
      const result = await connect('demo').call('POST', path, { body });
      print(options, result, () => `${messageId} is sent again`);
    });

export const testCommand = (): Command =>
  new Command('test')
    .description('send a test message and tell what came of it; exit code 1 if it was not taken')
    .argument('<subscriptionId>')
    .option('--json', 'print the result')
    .action(async (id: string, options: OutputOptions) => {
      const result = await connect('demo').call<{ messageId: string; status: string; attempt?: Act }>('POST', pathOf(id, '/test'), {
        headers: { prefer: 'wait=25' },
      });
      const { status, attempt } = result;
      print(options, result, () => {
        if (status === 'delivered') return `taken with ${attempt?.status} in ${attempt?.latencyMs} ms`;
        return status === 'pending' ? 'not sent yet' : `not taken: ${attempt?.reason}`;
      });
      if (status !== 'delivered') process.exitCode = EXIT.failed;
    });
