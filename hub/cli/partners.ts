import { Command } from 'commander';
import { connect } from './client.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { facts, moment, note, type OutputOptions, print, table } from './output.ts';
import { wholeNumber } from './parsers.ts';

interface Client {
  readonly clientId: string;
  readonly partnerId: string;
  readonly scopes: readonly string[];
  readonly status: string;
  readonly formerSecretValidUntil?: string;
}
interface Partner {
  readonly partnerId: string;
  readonly name: string;
  readonly status: string;
  readonly rateLimitPerMinute: number;
  readonly addedAt: string;
  readonly clients: readonly Client[];
}
type NewSecret = Client & { readonly clientSecret: string };

const PARTNERS = '/api/v1/admin/partners';
const CLIENTS = '/api/v1/admin/clients';
const DEFAULT_SCOPES = 'orders:write,orders:read,payments:write,payments:read,webhooks:manage';
const segment = (name: string): string => encodeURIComponent(name);

export const partnersCommand = (): Command =>
  new Command('partners')
    .description('partners and their clients')
    .addCommand(addCommand())
    .addCommand(listCommand())
    .addCommand(addClientCommand())
    .addCommand(rotateSecretCommand())
    .addCommand(actOnPartner('suspend', 'refuse all tokens of a partner from now on'))
    .addCommand(actOnPartner('reinstate', 'accept a suspended partner’s tokens again'))
    .addCommand(revokeClientCommand());

const addCommand = (): Command =>
  new Command('add')
    .description('add a partner with a first client; the secret is shown this once')
    .argument('<partnerId>', 'lower-case letters, digits, ".", "_" and "-"; for good')
    .requiredOption('--name <text>', 'for people')
    .option('--limit <n>', 'requests a minute; 0 = without a limit', wholeNumber(0, 1_000_000_000))
    .option('--client <id>', 'id of the client; default: drawn')
    .option('--scopes <list>', 'what its tokens may at most allow, separated by commas', DEFAULT_SCOPES)
    .option('--no-client', 'add the partner alone')
    .option('--json', 'print partner and client')
    .action(
      async (partnerId: string, options: OutputOptions & { name: string; limit?: number; client: string | boolean; scopes: string }) => {
        const hub = connect('operator');
        const limit = options.limit === undefined ? {} : { rateLimitPerMinute: options.limit };
        const partner = await hub.call<Partner>('POST', PARTNERS, { body: { partnerId, name: options.name, ...limit } });
        if (options.client === false) return print(options, { partner }, () => `added ${partnerId}`);
        const clientId = typeof options.client === 'string' ? { clientId: options.client } : {};
        const body = { ...clientId, scopes: listOf(options.scopes) };
        const client = await hub.call<NewSecret>('POST', `${PARTNERS}/${segment(partnerId)}/clients`, { body });
        print(options, { partner, client }, () => secretOf(client));
      },
    );

const listCommand = (): Command =>
  new Command('list')
    .description('all partners with their clients')
    .option('--json', 'print them as the API answers')
    .action(async (options: OutputOptions) => {
      const { items } = await connect('operator').call<{ items: readonly Partner[] }>('GET', PARTNERS);
      const rows = items.flatMap(({ clients, ...partner }) =>
        (clients.length > 0 ? clients : [undefined]).map((client, index) => [
          ...(index === 0
            ? [partner.partnerId, partner.name, partner.status, partner.rateLimitPerMinute, moment(partner.addedAt)]
            : ['', '', '', '', '']),
          client?.clientId,
          client?.status,
          client?.scopes.join(' '),
        ]),
      );
      print(options, items, () => table(['partner', 'name', 'status', 'limit/min', 'added', 'client', '', 'scopes'], rows));
    });

const addClientCommand = (): Command =>
  new Command('add-client')
    .description('give a partner another client; the secret is shown this once')
    .argument('<partnerId>')
    .option('--client <id>', 'id of the client; default: drawn')
    .option('--scopes <list>', 'what its tokens may at most allow, separated by commas', DEFAULT_SCOPES)
    .option('--json', 'print the client')
    .action(async (partnerId: string, options: OutputOptions & { client?: string; scopes: string }) => {
      const body = { ...(options.client !== undefined && { clientId: options.client }), scopes: listOf(options.scopes) };
      const client = await connect('operator').call<NewSecret>('POST', `${PARTNERS}/${segment(partnerId)}/clients`, { body });
      print(options, client, () => secretOf(client));
    });

const rotateSecretCommand = (): Command =>
  new Command('rotate-secret')
    .description('draw a new secret for a client; the former one works for a while longer')
    .argument('<clientId>')
    .option('--overlap <seconds>', 'how long the former secret works; default: a day', wholeNumber(0, 30 * 86_400))
    .option('--json', 'print the client')
    .action(async (clientId: string, options: OutputOptions & { overlap?: number }) => {
      const body = options.overlap === undefined ? {} : { overlapSeconds: options.overlap };
      const client = await connect('operator').call<NewSecret>('POST', `${CLIENTS}/${segment(clientId)}/rotate-secret`, { body });
      print(options, client, () => secretOf(client));
    });

const actOnPartner = (act: 'suspend' | 'reinstate', description: string): Command =>
  new Command(act)
    .description(description)
    .argument('<partnerId>')
    .requiredOption('--reason <text>', 'kept in the history')
    .option('--json', 'print the partner')
    .action(async (partnerId: string, options: OutputOptions & { reason: string }) => {
      const path = `${PARTNERS}/${segment(partnerId)}/${act}`;
      const partner = await connect('operator').call<Partner>('POST', path, { body: { reason: options.reason } });
      print(options, partner, () => `${partner.partnerId} is ${partner.status}`);
    });

const revokeClientCommand = (): Command =>
  new Command('revoke-client')
    .description('refuse a client’s tokens and secret for good')
    .argument('<clientId>')
    .requiredOption('--reason <text>', 'kept in the history')
    .option('--json', 'print the client')
    .action(async (clientId: string, options: OutputOptions & { reason: string }) => {
      const client = await connect('operator').call<Client>('POST', `${CLIENTS}/${segment(clientId)}/revoke`, {
        body: { reason: options.reason },
      });
      print(options, client, () => `${client.clientId} is ${client.status}`);
    });

const listOf = (text: string): string[] => {
  const items = text.split(',').map((item) => item.trim());
  if (items.includes('')) throw new CommandError(EXIT.usage, '--scopes has an empty item');
  return items;
};

const secretOf = ({ partnerId, clientId, clientSecret, scopes, formerSecretValidUntil }: NewSecret): string => {
  note('The secret is shown this once: keep it now.');
  return facts({
    partner: partnerId,
    client: clientId,
    secret: clientSecret,
    scopes: scopes.join(' '),
    'former secret works until': moment(formerSecretValidUntil),
  });
};
