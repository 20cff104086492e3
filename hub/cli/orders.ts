import { readFileSync } from 'node:fs';
import type { OrderView } from '@sagahub/contracts/api/order-views.ts';
import type { OrderAccepted } from '@sagahub/contracts/api/orders.ts';
import { Command } from 'commander';
import { connect, query } from './client.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { ORDERS } from './flow-commands.ts';
import { act, actCommands } from './object-acts.ts';
import { askCommand } from './object-asks.ts';
import { listCommand } from './object-list.ts';
import { objectIdOf } from './object-reference.ts';
import { watchCommand } from './object-watch.ts';
import { orderReport, orderTable } from './order-report.ts';
import { ordersImportCommand } from './orders-import.ts';
import { note, type OutputOptions, print } from './output.ts';
import { time, wholeNumber } from './parsers.ts';

const MAX_WAIT_SECONDS = 30;

export const ordersCommand = (): Command => {
  const command = new Command('orders')
    .description('post, find, follow, cancel and import orders, and help those that are stuck')
    .addCommand(postCommand())
    .addCommand(getCommand())
    .addCommand(listCommand(ORDERS, orderTable))
    .addCommand(watchCommand(ORDERS))
    .addCommand(askCommand(ORDERS, 'cancel', 'cancel orders that are not completed'))
    .addCommand(ordersImportCommand());
  const acts = [
    ...actCommands(ORDERS),
    act(ORDERS, 'skip', 'go on without the step that an order is stuck at', ({ step }) => ({ step })).requiredOption(
      '--step <step>',
      'stock, discount, or erp-cancel (the order ends as partial)',
    ),
    act(ORDERS, 'resolve', 'tell what you saw at the ERP', ({ erp, ref }) => ({ erp, ...(ref !== undefined && { erpRef: ref }) }))
      .requiredOption('--erp <is>', 'live, cancelled or absent')
      .option('--ref <reference>', "the ERP's own reference; needed for live"),
  ];
  for (const one of acts) command.addCommand(one);
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
      const path = `/api/v1/orders/${await objectIdOf(ORDERS, client, named)}`;
      const order = await client.call<OrderView>('GET', `${path}${query({ at: options.at })}`);
      if (options.json) return print(options, order, () => '');
      const timeline = await client.call<Parameters<typeof orderReport>[1]>('GET', `${path}/timeline`);
      print(options, order, () => orderReport(order, timeline, options.at));
    });
