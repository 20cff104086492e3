import type { PaymentTimeline, PaymentView } from '@sagahub/contracts/api/payment-views.ts';
import { Command } from 'commander';
import { connect, query } from './client.ts';
import { PAYMENTS } from './flow-commands.ts';
import { act, actCommands } from './object-acts.ts';
import { askCommand } from './object-asks.ts';
import { listCommand } from './object-list.ts';
import { objectIdOf } from './object-reference.ts';
import { watchCommand } from './object-watch.ts';
import { type OutputOptions, print } from './output.ts';
import { time } from './parsers.ts';
import { paymentReport, paymentTable } from './payment-report.ts';

export const paymentsCommand = (): Command => {
  const command = new Command('payments')
    .description('find, follow, cancel and refund payments, and help those that are stuck')
    .addCommand(getCommand())
    .addCommand(listCommand(PAYMENTS, paymentTable))
    .addCommand(watchCommand(PAYMENTS))
    .addCommand(askCommand(PAYMENTS, 'cancel', 'cancel payments that are not approved yet'))
    .addCommand(askCommand(PAYMENTS, 'refund', 'give back what was approved'));
  const resolve = act(PAYMENTS, 'resolve', 'tell what you saw at the processor', ({ processor, ref }) => ({
    processor,
    ...(ref !== undefined && { processorRef: ref }),
  }))
    .requiredOption('--processor <is>', 'live, cancelled or absent')
    .option('--ref <reference>', "the processor's own reference; needed for live");
  for (const one of [...actCommands(PAYMENTS), resolve]) command.addCommand(one);
  return command;
};

const getCommand = (): Command =>
  new Command('get')
    .description('show one payment with everything that happened to it')
    .argument('<payment>', 'its id or its reference')
    .option('--at <time>', 'as it was then', time)
    .option('--json', 'print the payment as the API answers it')
    .action(async (named: string, options: OutputOptions & { at?: string }) => {
      const client = connect('demo');
      const path = `${PAYMENTS.path}/${await objectIdOf(PAYMENTS, client, named)}`;
      const payment = await client.call<PaymentView>('GET', `${path}${query({ at: options.at })}`);
      if (options.json) return print(options, payment, () => '');
      const timeline = await client.call<PaymentTimeline>('GET', `${path}/timeline`);
      print(options, payment, () => paymentReport(payment, timeline, options.at));
    });
