import { readFileSync } from 'node:fs';
import type { OrderPage, OrderView } from '@sagahub/contracts/api/order-views.ts';
import type { OrderAccepted } from '@sagahub/contracts/api/orders.ts';
import { Command } from 'commander';
import { connect, query } from './client.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { orderActCommands } from './order-acts.ts';
import { orderIdOf } from './order-reference.ts';
import { orderReport, orderTable } from './order-report.ts';
import { ordersImportCommand } from './orders-import.ts';
import { watchCommand } from './orders-watch.ts';
import { note, type OutputOptions, print } from './output.ts';
import { time, wholeNumber } from './parsers.ts';

const MAX_WAIT_SECONDS = 30;

export const ordersCommand = (): Command => {
  const command = new Command('orders')
    .description('post, find, follow, cancel and import orders, and help those that are stuck')
    .addCommand(postCommand())
    .addCommand(getCommand())
    .addCommand(listCommand())
    .addCommand(watchCommand())
    .addCommand(cancelCommand())
    .addCommand(ordersImportCommand());
  for (const act of orderActCommands()) command.addCommand(act);
  return command;
};

const postCommand = (): Command =>
  new Command('post')
    .description('post one order')
    .argument('[file]', 'the order as JSON; "-" or nothing: standard input', '-')
    .option('--key <text>', 'the Idempotency-Key to send')
    .option('--wait <seconds>', `wait for what becomes of it, at most ${MAX_WAIT_SECONDS}`, wholeNumber(1, MAX_WAIT_SECONDS))
    .option('--json', 'print the hub’s answer')
    .action(async (file: string, options: OutputOptions & { key?: string; wait?: number }) => {
      const headers = {
        ...(options.key !== undefined && { 'idempotency-key': options.key }),
        ...(options.wait !== undefined && { prefer: `wait=${options.wait}` }),
      };
      const answer = await connect('demo').exchange('POST', '/api/v1/orders', { body: readOrder(file), headers });
      const replayed = answer.headers.get('idempotent-replayed') === 'true';
      const accepted = answer.body as OrderAccepted;
      const { orderId, orderNumber, status } = accepted;
      print(options, { ...accepted, replayed }, () => `${orderId}  ${orderNumber}  ${status}`);
      if (replayed) note('the hub had this order already; nothing happened twice');
    });

const readOrder = (file: string): unknown => {
  try {
    return JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8'));
  } catch (error) {
    throw new CommandError(EXIT.usage, `the order cannot be read: ${(error as Error).message}`);
  }
};

const getCommand = (): Command =>
  new Command('get')
    .description('show one order with everything that happened to it')
    .argument('<order>', 'its id or its number')
    .option('--at <time>', 'as it was then', time)
    .option('--json', 'print the order as the API answers it')
    .action(async (named: string, options: OutputOptions & { at?: string }) => {
      const client = connect('demo');
      const path = `/api/v1/orders/${await orderIdOf(client, named)}`;
      const order = await client.call<OrderView>('GET', `${path}${query({ at: options.at })}`);
      if (options.json) return print(options, order, () => '');
      const timeline = await client.call<Parameters<typeof orderReport>[1]>('GET', `${path}/timeline`);
      print(options, order, () => orderReport(order, timeline, options.at));
    });

interface ListOptions extends OutputOptions {
  readonly status?: string;
  readonly number?: string;
  readonly from?: string;
  readonly to?: string;
  readonly all?: boolean;
  readonly partner?: string;
  readonly limit: number;
}

const listCommand = (): Command =>
  new Command('list')
    .description('list orders, newest first')
    .option('--status <list>', 'only these, separated by commas')
    .option('--number <text>', 'only this order number')
    .option('--from <time>', 'received at or after this time, or this long ago', time)
    .option('--to <time>', 'received before', time)
    .option('--all', 'of all partners (needs the scope admin)')
    .option('--partner <id>', 'of this partner (with --all)')
    .option('--limit <n>', 'at most so many', wholeNumber(1, 1_000_000), 50)
    .option('--json', 'one order a line')
    .action(async (options: ListOptions) => {
      const orders = await listed(options);
      if (options.json) for (const order of orders) console.log(JSON.stringify(order));
      else console.log(orders.length === 0 ? 'no orders' : orderTable(orders, options.all === true));
    });

const PAGE = 200;

const listed = async ({ status, number: orderNumber, from, to, all, partner, limit }: ListOptions): Promise<OrderPage['items']> => {
  if (partner !== undefined && !all) throw new CommandError(EXIT.usage, '--partner is for operators: add --all');
  const client = connect(all ? 'operator' : 'demo');
  const filter = { status, orderNumber, receivedFrom: from, receivedTo: to, partnerId: partner };
  const items: OrderPage['items'] = [];
  for (let cursor: string | undefined; ; ) {
    const parameters = { ...filter, limit: Math.min(PAGE, limit - items.length), cursor };
    const page = await client.call<OrderPage>('GET', `/api/v1/${all ? 'admin/' : ''}orders${query(parameters)}`);
    items.push(...page.items);
    cursor = page.next;
    if (cursor === undefined || items.length >= limit) return items;
  }
};

const cancelCommand = (): Command =>
  new Command('cancel')
    .description('cancel orders that are not completed')
    .argument('<order...>', 'ids or numbers')
    .option('--reason <text>', 'kept in the history, in clear')
    .option('--json', 'one answer a line')
    .action(async (names: readonly string[], options: OutputOptions & { reason?: string }) => {
      const client = connect('demo');
      const body = options.reason === undefined ? {} : { reason: options.reason };
      for (const name of names) {
        const path = `/api/v1/orders/${await orderIdOf(client, name)}/cancel`;
        const answer = await client.call<{ orderId: string; status: string }>('POST', path, { body });
        print(options, answer, () => `${answer.orderId}  ${answer.status}`);
      }
    });
