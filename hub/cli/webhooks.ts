import { Command } from 'commander';
import { connect, query } from './client.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { facts, moment, note, type OutputOptions, print, table } from './output.ts';
import { time, wholeNumber } from './parsers.ts';
import { deliveriesCommand, deliveryCommand, resendCommand, testCommand } from './webhook-deliveries.ts';
import { pathOf, WEBHOOKS } from './webhook-paths.ts';

interface Subscription {
  readonly subscriptionId: string;
  readonly partnerId: string;
  readonly url: string;
  readonly types: readonly string[];
  readonly ordered: boolean;
  readonly maxInFlight: number;
  readonly description?: string;
  readonly status: string;
  readonly disabled?: { readonly at: string; readonly cause: string; readonly reason: string };
  readonly failing?: { readonly since: string; readonly reason: string };
  readonly formerSecretValidUntil?: string;
  readonly recoveries: readonly { readonly since: string; readonly finished?: { readonly requested: number; readonly resent: number } }[];
  readonly createdAt: string;
}
type NewSecret = Subscription & { readonly secret: string };

export const webhooksCommand = (): Command =>
  new Command('webhooks')
    .description('who is told what happens to orders and payments, and what came of it')
    .addCommand(addCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(changeCommand())
    .addCommand(rotateSecretCommand())
    .addCommand(disableCommand())
    .addCommand(enableCommand())
    .addCommand(deleteCommand())
    .addCommand(testCommand())
    .addCommand(deliveriesCommand())
    .addCommand(deliveryCommand())
    .addCommand(resendCommand())
    .addCommand(recoverCommand());

interface Settings {
  readonly url?: string;
  readonly types?: string;
  readonly ordered?: boolean;
  readonly maxInFlight?: number;
  readonly description?: string;
}

const settled = (command: Command): Command =>
  command
    .option('--types <list>', 'what it wants to be told of, separated by commas; default: everything')
    .option('--max-in-flight <n>', 'messages sent at once', wholeNumber(1, 64))
    .option('--description <text>', 'for people');

const bodyOf = ({ url, types, ordered, maxInFlight, description }: Settings): Record<string, unknown> => ({
  ...(url !== undefined && { url }),
  ...(types !== undefined && { types: types.split(',').map((type) => type.trim()) }),
  ...(ordered !== undefined && { ordered }),
  ...(maxInFlight !== undefined && { maxInFlight }),
  ...(description !== undefined && { description }),
});

const addCommand = (): Command =>
  settled(new Command('add'))
    .description('subscribe an endpoint; its secret is shown this once')
    .argument('<url>')
    .option('--ordered', 'messages about one order arrive in order, one after the other')
    .option('--json', 'print it as the API answers')
    .action(async (url: string, { json, ...settings }: OutputOptions & Settings) => {
      const subscription = await connect('demo').call<NewSecret>('POST', WEBHOOKS, { body: bodyOf({ ...settings, url }) });
      print({ ...(json && { json }) }, subscription, () => secretOf(subscription));
    });

const listCommand = (): Command =>
  new Command('list')
    .description('subscriptions, oldest first')
    .option('--all', 'of all partners; operators only')
    .option('--partner <id>', 'of this partner; operators only')
    .option('--json', 'print them as the API answers')
    .action(async ({ json, all, partner }: OutputOptions & { all?: boolean; partner?: string }) => {
      const client = connect(all === true || partner !== undefined ? 'operator' : 'demo');
      const { items } = await client.call<{ items: readonly Subscription[] }>('GET', `${WEBHOOKS}${query({ partnerId: partner })}`);
      const rows = items.map((item) => [item.subscriptionId, item.partnerId, stateOf(item), item.url, item.types.join(' ')]);
      print({ ...(json && { json }) }, items, () =>
        rows.length > 0 ? table(['subscription', 'partner', 'state', 'url', 'types'], rows) : 'no subscriptions',
      );
    });

const stateOf = ({ status, disabled, failing }: Subscription): string => disabled?.cause ?? (failing ? 'failing' : status);

const showCommand = (): Command =>
  new Command('show')
    .description('one subscription')
    .argument('<subscriptionId>')
    .option('--json', 'print it as the API answers')
    .action(async (id: string, options: OutputOptions) => {
      const subscription = await connect('demo').call<Subscription>('GET', pathOf(id));
      print(options, subscription, () => factsOf(subscription));
    });

const changeCommand = (): Command =>
  settled(new Command('change'))
    .description('change where messages go, and which')
    .argument('<subscriptionId>')
    .option('--url <url>', 'where they go from now on')
    .option('--ordered', 'keep the order of an order’s messages')
    .option('--no-ordered', 'do not keep it')
    .option('--json', 'print it as the API answers')
    .action(async (id: string, { json, ...settings }: OutputOptions & Settings) => {
      const body = bodyOf(settings);
      if (Object.keys(body).length === 0) throw new CommandError(EXIT.usage, 'say what to change, see --help');
      const subscription = await connect('demo').call<Subscription>('PATCH', pathOf(id), { body });
      print({ ...(json && { json }) }, subscription, () => factsOf(subscription));
    });

const rotateSecretCommand = (): Command =>
  new Command('rotate-secret')
    .description('draw a new secret; messages are signed with the former one too for a while')
    .argument('<subscriptionId>')
    .option('--overlap <seconds>', 'for how long; default: a day', wholeNumber(0, 30 * 86_400))
    .option('--json', 'print it as the API answers')
    .action(async (id: string, options: OutputOptions & { overlap?: number }) => {
      const body = options.overlap === undefined ? {} : { overlapSeconds: options.overlap };
      const subscription = await connect('demo').call<NewSecret>('POST', pathOf(id, '/rotate-secret'), { body });
      print(options, subscription, () => secretOf(subscription));
    });

const disableCommand = (): Command =>
  new Command('disable')
    .description('send nothing there from now on')
    .argument('<subscriptionId>')
    .requiredOption('--reason <text>', 'kept in the history')
    .option('--json', 'print it as the API answers')
    .action(async (id: string, options: OutputOptions & { reason: string }) => {
      const { reason } = options;
      const subscription = await connect('demo').call<Subscription>('POST', pathOf(id, '/disable'), { body: { reason } });
      print(options, subscription, () => `${id} is ${subscription.status}`);
    });

const enableCommand = (): Command =>
  new Command('enable')
    .description('send what happens from now on; recover what was missed')
    .argument('<subscriptionId>')
    .option('--json', 'print it as the API answers')
    .action(async (id: string, options: OutputOptions) => {
      const subscription = await connect('demo').call<Subscription>('POST', pathOf(id, '/enable'));
      print(options, subscription, () => `${id} is ${subscription.status}`);
    });

const deleteCommand = (): Command =>
  new Command('delete')
    .description('end a subscription for good')
    .argument('<subscriptionId>')
    .action(async (id: string) => {
      await connect('demo').open('DELETE', pathOf(id));
      console.log(`${id} has ended`);
    });

const recoverCommand = (): Command =>
  new Command('recover')
    .description('send everything since a time that was not delivered')
    .argument('<subscriptionId>')
    .requiredOption('--since <time>', 'ISO 8601, or how long ago, such as 3h', time)
    .option('--json', 'print it as the API answers')
    .action(async (id: string, options: OutputOptions & { since: string }) => {
      const { since } = options;
      const subscription = await connect('demo').call<Subscription>('POST', pathOf(id, '/recover'), { body: { since } });
      print(
        options,
        subscription,
        () => `what was not delivered since ${moment(since)} is sent; sagahub webhooks show tells how much it was`,
      );
    });

const factsOf = (subscription: Subscription): string => {
  const { subscriptionId, partnerId, types, disabled, failing, recoveries, createdAt, formerSecretValidUntil, ...rest } = subscription;
  const recovery = recoveries.at(-1);
  const recovered = recovery?.finished && `${recovery.finished.requested} requested, ${recovery.finished.resent} sent again`;
  return facts({
    subscription: subscriptionId,
    partner: partnerId,
    ...rest,
    types: types.join(' '),
    disabled: disabled && `${moment(disabled.at)}: ${disabled.reason}`,
    failing: failing && `since ${moment(failing.since)}: ${failing.reason}`,
    'former secret signs until': moment(formerSecretValidUntil),
    'last recovery': recovery && `since ${moment(recovery.since)}: ${recovered ?? 'under way'}`,
    created: moment(createdAt),
  });
};

const secretOf = ({ subscriptionId, url, secret, formerSecretValidUntil }: NewSecret): string => {
  note('The secret is shown this once: keep it now.');
  return facts({ subscription: subscriptionId, url, secret, 'former secret signs until': moment(formerSecretValidUntil) });
};
