import { isAbsolute, relative } from 'node:path';
import { validatePlaceOrder } from '@sagahub/contracts/api/orders.ts';
import { ConfigurationError, ValidationError } from '@sagahub/contracts/errors.ts';
import { Command } from 'commander';
import { rowFates, type RowFate } from '../import/fate.ts';
import { groupRows } from '../import/grouping.ts';
import { readMapping } from '../import/mapping.ts';
import { type Plan, planImport, unsent } from '../import/plan.ts';
import { ResultFile } from '../import/result-file.ts';
import { type Row, rowsOf } from '../import/rows.ts';
import { postOver, sendOrders } from '../import/send.ts';
import { summarize } from '../import/summary.ts';
import { orderMaker } from '../import/to-order.ts';
import { waitForOrders } from '../import/wait.ts';
import { connect, type HubClient, ProblemError } from './client.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { importReport } from './orders-import-report.ts';
import { note, type OutputOptions, print } from './output.ts';
import { duration, wholeNumber } from './parsers.ts';
import { startProgress } from './progress.ts';

interface ImportOptions extends OutputOptions {
  readonly mapping: string;
  readonly result: string;
  readonly concurrency: number;
  readonly patience: number;
  readonly retryRefused?: boolean;
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  readonly waitTimeout: number;
}

export const ordersImportCommand = (): Command =>
  new Command('import')
    .description('post the orders that are in CSV or NDJSON files')
    .argument('<file...>', 'CSV with a header, or NDJSON (.ndjson, .jsonl)')
    .requiredOption('--mapping <file>', 'how rows become orders (docs/import.md)')
    .option('--result <file>', 'the fate of every row; an import that was interrupted goes on from it', 'import-result.csv')
    .option('--concurrency <n>', 'orders under way at once', wholeNumber(1, 256), 16)
    .option('--patience <time>', 'give up when nothing goes through for this long', duration, 600_000)
    .option('--retry-refused', 'send what was refused once more (after the mapping was mended)')
    .option('--dry-run', 'send nothing; print the orders as they would be sent, one a line')
    .option('--wait', 'wait until every order has ended or is stuck')
    .option('--wait-timeout <time>', 'for at most this long', duration, 1_800_000)
    .option('--json', 'the summary as JSON')
    .action(importOrders);

const importOrders = async (files: readonly string[], options: ImportOptions): Promise<void> => {
  const mapping = readMapping(options.mapping);
  const plan = planImport(await groupRows(allRows(files, mapping), mapping), orderMaker(mapping));
  if (options.dryRun) return dryRun(plan, options);

  const result = new ResultFile(options.result);
  const client = connect('demo');
  await requireSameHub(client, result);
  if (options.retryRefused) result.forget(({ fate }) => fate === 'refused');
  result.add(plan.decided);
  const interrupted = interruption();
  let failure: unknown;
  try {
    await send(plan, result, client, interrupted, options);
    if (options.wait) await follow(plan, result, client, interrupted, options);
  } catch (error) {
    failure = error;
  }
  result.rewrite();
  const summary = summarize(plan, result.fates);
  print(options, summary, () => importReport(summary, options.result));
  if (failure) throw failure;
  if (interrupted.aborted) throw new CommandError(EXIT.failed, 'interrupted: run the same command again to go on');
  if (summary.fates.refused.rows > 0) process.exitCode = EXIT.failed;
};

async function* allRows(files: readonly string[], mapping: Parameters<typeof rowsOf>[1]): AsyncGenerator<Row> {
  for (const file of files) {
    // The result file names rows; it should not depend on how the shell spelled the path.
    const name = isAbsolute(file) ? file : relative('.', file);
    try {
      yield* rowsOf(name, mapping);
    } catch (error) {
      throw new ConfigurationError([`${file} cannot be read: ${(error as Error).message}`]);
    }
  }
}

const send = async (plan: Plan, result: ResultFile, client: HubClient, signal: AbortSignal, options: ImportOptions): Promise<void> => {
  const orders = unsent(plan, result.fates);
  using progress = startProgress('Sending orders', orders.length);
  let sent = 0;
  await sendOrders(orders, postOver(client), {
    concurrency: options.concurrency,
    patienceMs: options.patience,
    signal,
    onOutcome: ({ rows, orderNumber }, outcome) => {
      result.add(rowFates(rows, orderNumber, outcome));
      progress.update(++sent);
    },
  });
};

const follow = async (
  plan: Plan,
  result: ResultFile,
  client: HubClient,
  interrupted: AbortSignal,
  options: ImportOptions,
): Promise<void> => {
  const planned = new Set(plan.orders.map(({ orderNumber }) => orderNumber));
  const taken = [...result.fates.values()].filter(({ orderId, orderNumber }) => orderId !== '' && planned.has(orderNumber));
  const orderIds = [...new Set(taken.map(({ orderId }) => orderId))];
  const timeout = AbortSignal.timeout(options.waitTimeout);
  using progress = startProgress('Waiting for orders', orderIds.length);
  const statuses = new Map<string, string>();
  await waitForOrders(client, orderIds, {
    concurrency: options.concurrency,
    signal: AbortSignal.any([interrupted, timeout]),
    onSettled: ({ orderId, status }) => {
      statuses.set(orderId, status);
      progress.update(statuses.size);
    },
  });
  result.setStatuses(statuses);
  if (statuses.size < orderIds.length && timeout.aborted)
    throw new CommandError(EXIT.failed, `${orderIds.length - statuses.size} orders have not ended in time; see "sagahub orders list"`);
};

/** A result file says that rows were sent. They must have been sent to this hub, or they would be left out here. */
const requireSameHub = async (client: HubClient, { path, fates }: ResultFile): Promise<void> => {
  const known = fates.values().find(({ orderId }) => orderId !== '');
  if (!known) return;
  try {
    await client.call('GET', `/api/v1/orders/${known.orderId}`);
  } catch (error) {
    if (!(error instanceof ProblemError) || error.status !== 404) throw error;
    throw new CommandError(
      EXIT.refused,
      `${path} tells of an import into another hub, or by another partner (order ${known.orderNumber} is not there). Name another file with --result`,
    );
  }
};

const dryRun = (plan: Plan, options: ImportOptions): void => {
  const fates = new Map<string, RowFate>(plan.decided.map((fate) => [`${fate.file}:${fate.line}`, fate]));
  for (const { draft, rows, orderNumber } of plan.orders) {
    if (!draft) continue;
    if (!options.json) console.log(JSON.stringify(draft.body));
    for (const fate of verdict(draft.body, rows, orderNumber)) fates.set(`${fate.file}:${fate.line}`, fate);
  }
  const summary = summarize(plan, fates);
  if (options.json) print(options, summary, () => '');
  else note(importReport(summary));
  if (summary.fates.refused.rows > 0) process.exitCode = EXIT.failed;
};

/** What the hub would refuse for certain, by the same contract. Whether it knows the number already, only the hub can tell. */
const verdict = (body: object, rows: readonly Row[], orderNumber: string): readonly RowFate[] => {
  try {
    validatePlaceOrder(body);
    return [];
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    const { code, message, extensions } = error;
    return rowFates(rows, orderNumber, { fate: 'refused', code, detail: message, faults: extensions.errors });
  }
};

/** Ctrl-C once: finish what is in hand. Twice: the default, at once. */
const interruption = (): AbortSignal => {
  const abort = new AbortController();
  process.once('SIGINT', () => abort.abort()).once('SIGTERM', () => abort.abort());
  return abort.signal;
};
