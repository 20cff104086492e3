import { Command } from 'commander';
import { connect } from './client.ts';
import { orderIdOf } from './order-reference.ts';
import { type OutputOptions, print } from './output.ts';

interface ActOptions extends OutputOptions {
  readonly reason: string;
  readonly ifMatch?: string;
}
interface Acted {
  readonly orderId: string;
  readonly recorded: readonly string[];
  readonly revision: number;
}

/** What operators do about an order that is stuck. */
export const orderActCommands = (): readonly Command[] => [
  act('retry', 'try again what an order is stuck at', () => ({})),
  act('compensate', 'give an order up: it is undone and ends', () => ({})),
  act('skip', 'go on without the step that an order is stuck at', ({ step }) => ({ step })).requiredOption(
    '--step <step>',
    'stock, discount, or erp-cancel (the order ends as partial)',
  ),
  act('resolve', 'tell what you saw at the ERP', ({ erp, ref }) => ({ erp, ...(ref !== undefined && { erpRef: ref }) }))
    .requiredOption('--erp <is>', 'live, cancelled or absent')
    .option('--ref <reference>', "the ERP's own reference; needed for live"),
];

const act = (name: string, description: string, bodyOf: (options: Readonly<Record<string, string>>) => object): Command =>
  new Command(name)
    .description(description)
    .argument('<order>', 'its id or its number')
    .requiredOption('--reason <text>', 'kept in the history')
    .option('--if-match <etag>', 'only if the order has not changed since you read it')
    .option('--json', 'print the hub’s answer')
    .action(async (named: string, { reason, ifMatch, json, ...options }: ActOptions & Readonly<Record<string, any>>) => {
      const client = connect('operator');
      const orderId = await orderIdOf(client, named, '/api/v1/admin/orders');
      const headers = { ...(ifMatch !== undefined && { 'if-match': ifMatch }) };
      const path = `/api/v1/admin/orders/${encodeURIComponent(orderId)}/${name}`;
      const { body } = await client.exchange('POST', path, { body: { ...bodyOf(options), reason }, headers });
      const acted = body as Acted;
      print({ ...(json !== undefined && { json }) }, acted, () => `${acted.orderId}  ${acted.recorded.join(', ')}`);
    });
