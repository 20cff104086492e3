import type { DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import { Command } from 'commander';
import { CommandError, EXIT } from './exit-codes.ts';
import { connect, type HubClient, query } from './client.ts';
import { facts, moment, note, type OutputOptions, print, table } from './output.ts';
import { time, wholeNumber } from './parsers.ts';
import { followRedrive, reportRedrive, startRedrive } from './redrive-run.ts';

const PATH = '/api/v1/admin/dead-letters';

export interface Filter {
  readonly origin?: string;
  readonly partner?: string;
  readonly step?: string;
  readonly cause?: string;
  readonly from?: string;
  readonly to?: string;
}
type ListOptions = OutputOptions & Filter & { readonly state: string; readonly limit: number; readonly causes?: boolean };
type ActOptions = OutputOptions & { readonly reason: string };

export const deadLettersCommand = (): Command =>
  new Command('dead-letters')
    .description('what could not be done and waits for an operator')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(editCommand())
    .addCommand(redriveCommand())
    .addCommand(discardCommand());

export const filtered = (command: Command): Command =>
  command
    .option('--origin <kind>', 'erp, step, compensation, surplus, webhook, inbound or consumer')
    .option('--partner <id>', 'of this partner alone')
    .option('--step <name>', 'what gave up')
    .option('--cause <cause>', 'as `list --causes` names it')
    .option('--from <time>', 'failed last at or after', time)
    .option('--to <time>', 'failed last before', time);

const listCommand = (): Command =>
  filtered(new Command('list'))
    .description('list dead letters, newest first')
    .option('--state <state>', 'open, redriven, discarded, resolved or any', 'open')
    .option('--limit <n>', 'at most so many', wholeNumber(1, 500), 50)
    .option('--causes', 'count them by cause instead')
    .option('--json', 'print them as the API answers')
    .action(async ({ json, causes, limit, ...filter }: ListOptions) => {
      const client = connect('operator');
      if (causes) {
        const { items } = await client.call<{ items: readonly Cause[] }>('GET', `${PATH}/causes${query({ ...filter })}`);
        const rows = items.map((item) => [item.count, causeText(item), moment(item.oldest), moment(item.newest), item.reason]);
        return print({ ...(json && { json }) }, items, () =>
          rows.length > 0 ? table(['count', 'cause', 'oldest', 'newest', 'last said'], rows) : 'no dead letters',
        );
      }
      const { items, next } = await client.call<{ items: readonly DeadLetter[]; next?: string }>(
        'GET',
        `${PATH}${query({ ...filter, limit })}`,
      );
      print({ ...(json && { json }) }, items, () => (items.length > 0 ? letterTable(items) : 'no dead letters'));
      if (next !== undefined) note('there are more; see --limit');
    });

interface Cause {
  readonly origin: DeadLetter['origin'];
  readonly cause: string;
  readonly count: number;
  readonly oldest: string;
  readonly newest: string;
  readonly reason: string;
}

/** As `--cause` takes it, here, of redrives and of `work`. */
const causeText = ({ origin, cause }: Pick<DeadLetter, 'origin' | 'cause'>): string => `${origin}:${cause}`;

/** The partner's own name of the object, where it is known. */
const nameOf = ({ orderNumber, objectId, payload: { paymentReference } }: DeadLetter): string =>
  typeof paymentReference === 'string' ? paymentReference : (orderNumber ?? objectId);

const letterTable = (items: readonly DeadLetter[]): string =>
  table(
    ['dead letter', 'flow', 'object', 'partner', 'step', 'attempts', 'failed', 'state', 'cause'],
    items.map((letter) => [
      letter.deadLetterId,
      letter.flow,
      nameOf(letter),
      letter.partnerId,
      letter.step,
      letter.attempts,
      moment(letter.failedAt),
      letter.state,
      causeText(letter),
    ]),
  );

const showCommand = (): Command =>
  new Command('show')
    .description('one dead letter with its reason, payload and history')
    .argument('<deadLetterId>')
    .option('--json', 'print it as the API answers')
    .action(async (deadLetterId: string, options: OutputOptions) => {
      const letter = await connect('operator').call<LetterDetail>('GET', `${PATH}/${encodeURIComponent(deadLetterId)}`);
      print(options, letter, () => detailOf(letter));
    });

type LetterDetail = DeadLetter & {
  readonly personal?: object | string;
  readonly history: readonly {
    readonly at: string;
    readonly type: string;
    readonly actor: string;
    readonly attempt?: number;
    readonly reason?: string;
  }[];
};

const detailOf = ({ payload, personal, history, ...rest }: LetterDetail): string => {
  const times = { firstFailedAt: moment(rest.firstFailedAt), failedAt: moment(rest.failedAt), resolvedAt: moment(rest.resolvedAt) };
  const rows = history.map(({ at, type, actor, attempt, reason }) => [moment(at), type, attempt, actor, reason]);
  return [
    facts({ ...rest, ...times }),
    JSON.stringify(personal === undefined ? payload : { ...payload, personal }, null, 2),
    table(['at', 'event', 'attempt', 'by', 'reason'], rows),
  ].join('\n\n');
};

const editCommand = (): Command =>
  new Command('edit')
    .description('correct what a redrive sends to the ERP')
    .argument('<deadLetterId>')
    .argument('<pointer=value...>', 'such as /customerId=C-2 or /items/0/sku=SKU-9')
    .requiredOption('--reason <text>', 'kept in the history')
    .option('--json', 'print what the API answers')
    .action(async (deadLetterId: string, edits: readonly string[], { reason, ...options }: ActOptions) => {
      const changes = edits.map((edit) => {
        const [, pointer, value] = /^(\/[^=]*)=([^]*)$/.exec(edit) ?? [];
        if (pointer === undefined || value === undefined) throw new CommandError(EXIT.usage, `${edit} is not /pointer=value`);
        return { pointer, value };
      });
      const path = `${PATH}/${encodeURIComponent(deadLetterId)}`;
      const answer = await connect('operator').call<{ diff: readonly Change[] }>('PATCH', path, { body: { changes, reason } });
      const rows = answer.diff.map(({ pointer, before, after }) => [pointer, before ?? '(sealed)', after ?? '(sealed)']);
      print(options, answer, () => table(['place', 'before', 'after'], rows));
    });

interface Change {
  readonly pointer: string;
  readonly before?: string;
  readonly after?: string;
}

const redriveCommand = (): Command =>
  filtered(new Command('redrive'))
    .description('try dead letters again: another round of attempts on the same order or payment')
    .argument('[deadLetterId...]')
    .option('--all', 'all open ones that fit the filter, instead of naming them')
    .requiredOption('--reason <text>', 'kept in the history')
    .option('--json', 'one result a line')
    .action(async (ids: readonly string[], { all, reason, json, ...filter }: ActOptions & Filter & { all?: boolean }) => {
      if (all === true ? ids.length > 0 : ids.length === 0) throw new CommandError(EXIT.usage, 'name the dead letters, or say --all');
      const client = connect('operator');
      if (!all) return actOnEach(client, 'redrive', ids, { reason, ...(json && { json }) });
      const job = await startRedrive(client, { filter, reason });
      await reportRedrive(client, await followRedrive(client, job.redriveId), { ...(json && { json }) });
    });

const discardCommand = (): Command =>
  new Command('discard')
    .description('give dead letters up: their orders or payments are undone and end')
    .argument('<deadLetterId...>')
    .requiredOption('--reason <text>', 'kept in the history')
    .option('--json', 'one result a line')
    .action((ids: readonly string[], options: ActOptions) => actOnEach(connect('operator'), 'discard', ids, options));

const actOnEach = async (
  client: HubClient,
  act: 'redrive' | 'discard',
  ids: readonly string[],
  { reason, json }: ActOptions,
): Promise<void> => {
  for (const id of ids) {
    const answer = await client.call<{ deadLetterId: string; result: string }>('POST', `${PATH}/${encodeURIComponent(id)}/${act}`, {
      body: { reason },
    });
    print({ ...(json && { json }) }, answer, () => `${answer.deadLetterId}  ${answer.result}`);
  }
};
