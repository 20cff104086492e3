import { Command } from 'commander';
import { connect, ProblemError } from './client.ts';
import { EXIT } from './exit-codes.ts';
import { moment, note, type OutputOptions, safe } from './output.ts';
import { time } from './parsers.ts';
import { withProgress } from './progress.ts';

interface ReplayOptions extends OutputOptions {
  readonly order?: string;
  readonly at?: string;
  readonly file?: string;
  readonly compare: boolean;
}

interface Step {
  readonly kind: 'step';
  readonly orderId: string;
  readonly revision: number;
  readonly at: string;
  readonly type: string;
  readonly changed: readonly string[];
  readonly order: { readonly status?: string; readonly orderNumber?: string };
}
interface Comparison {
  readonly kind: 'comparison';
  readonly orderId: string;
  readonly revision: number;
  readonly verdict: 'same' | 'differs' | 'behind' | 'missing';
  readonly paths: readonly string[];
}
export type ReplayLine = Step | Comparison;

export const auditReplayCommand = (): Command =>
  new Command('replay')
    .description('fold history step by step and compare what comes out with the read model (exit code 1 if it differs)')
    .option('--order <id>', 'only this order, showing every step')
    .option('--at <time>', 'only what had happened by then; nothing is compared', time)
    .option('--file <export>', 'from an exported log instead of the running hub; compared with the running hub all the same')
    .option('--no-compare', 'of a file: do not ask the hub')
    .option('--json', 'every step and comparison, one a line')
    .action(replayAndReport);

const replayAndReport = async (options: ReplayOptions): Promise<void> => {
  const verdicts = { same: 0, differs: 0, behind: 0, missing: 0 };
  const tellsSteps = options.json === true || options.order !== undefined;
  const differing: ReplayLine[] = [];
  const fold = async (update: (steps: number) => void): Promise<number> => {
    let steps = 0;
    for await (const line of await lines(options)) {
      if (line.kind === 'step') update((steps += 1));
      else verdicts[line.verdict] += 1;
      if (options.json) console.log(JSON.stringify(line));
      else if (line.kind === 'comparison' && line.verdict !== 'same') differing.push(line);
      else if (line.kind === 'step' && tellsSteps) console.log(safe(shown(line)));
    }
    return steps;
  };
  const steps = tellsSteps ? await fold(() => {}) : await withProgress('Replaying steps', undefined, fold);
  for (const line of differing) console.log(safe(shown(line)));
  if (verdicts.differs + verdicts.missing > 0) process.exitCode = EXIT.failed;
  if (options.order !== undefined && steps === 0) process.exitCode = EXIT.notFound;
  const compared = Object.entries(verdicts).flatMap(([verdict, count]) => (count > 0 ? [`${count} ${verdict}`] : []));
  note(`${steps} steps${compared.length > 0 ? `; compared with the read model: ${compared.join(', ')}` : ''}`);
};

const lines = async (options: ReplayOptions): Promise<AsyncIterable<ReplayLine>> => {
  if (options.file === undefined) return online(options);
  const { replayFile } = await import('./audit-replay-file.ts');
  return replayFile(options.file, options, options.compare && options.at === undefined ? documentOf() : undefined);
};

async function* online({ order: orderId, at }: ReplayOptions): AsyncGenerator<ReplayLine> {
  const body = { ...(orderId !== undefined && { orderId }), ...(at !== undefined && { at }) };
  for await (const line of connect('auditor').lines('POST', '/api/v1/admin/audit/replay', { body })) yield JSON.parse(line) as ReplayLine;
}

/** What the running hub's read model says of an order. */
const documentOf = () => {
  const client = connect('operator');
  return async (orderId: string): Promise<{ revision: number; body: object } | undefined> => {
    try {
      const path = `/api/v1/admin/projections/orders/documents/orders/${orderId}`;
      const { revision, document } = await client.call<{ revision: number; document: object }>('GET', path);
      return { revision, body: document };
    } catch (error) {
      if (error instanceof ProblemError && error.status === 404) return undefined;
      throw error;
    }
  };
};

const shown = (line: ReplayLine): string =>
  line.kind === 'step'
    ? `${String(line.revision).padStart(4)}  ${moment(line.at)}  ${line.type.padEnd(24)}  ${line.order.status ?? ''}  ${line.changed.join(' ')}`.trimEnd()
    : `order ${line.orderId}, revision ${line.revision}: ${line.verdict} ${line.paths.join(' ')}`.trimEnd();
