import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT } from './exit-codes.ts';
import { type HubClient, query } from './client.ts';
import { note, type OutputOptions, table } from './output.ts';
import { withProgress } from './progress.ts';

export const REDRIVES_PATH = '/api/v1/admin/redrives';

/** As the API answers. */
export interface Redrive {
  readonly redriveId: string;
  readonly status: string;
  readonly dryRun: boolean;
  readonly ratePerSecond: number;
  readonly by: string;
  readonly reason: string;
  readonly requestedAt: string;
  readonly total: number;
  readonly underWay?: number;
  readonly counts: Readonly<Record<string, number>>;
}
export interface RedriveItem {
  readonly item: number;
  readonly deadLetterId: string;
  readonly orderNumber?: string;
  readonly objectId: string;
  readonly outcome: string;
  readonly why?: string;
  readonly reference?: string;
  readonly attempt?: number;
  readonly act?: { readonly stream: string; readonly revision: number };
}

const POLL_MS = 300;
/** Nothing moves by itself any more. */
const RESTS = ['finished', 'cancelled', 'paused'];

export const startRedrive = (client: HubClient, body: object): Promise<Redrive> => client.call<Redrive>('POST', REDRIVES_PATH, { body });

/** Waits until the job rests, with a bar beside it. */
export const followRedrive = (client: HubClient, redriveId: string): Promise<Redrive> =>
  withProgress('Redriving', 0, async (update) => {
    for (;;) {
      const job = await client.call<Redrive>('GET', `${REDRIVES_PATH}/${encodeURIComponent(redriveId)}`);
      update(doneOf(job), job.total);
      if (RESTS.includes(job.status)) return job;
      await sleep(POLL_MS);
    }
  });

const doneOf = ({ counts }: Redrive): number => Object.values(counts).reduce((sum, count) => sum + count, 0);

export async function* itemsOf(client: HubClient, redriveId: string, outcome?: string): AsyncGenerator<RedriveItem> {
  let cursor: string | undefined;
  do {
    const path = `${REDRIVES_PATH}/${encodeURIComponent(redriveId)}/items${query({ outcome, cursor, limit: 500 })}`;
    const page: { items: readonly RedriveItem[]; next?: string } = await client.call('GET', path);
    yield* page.items;
    cursor = page.next;
  } while (cursor !== undefined);
}

/** Every item as JSON, or those an operator has to look at; then the counts. */
export const reportRedrive = async (client: HubClient, job: Redrive, { json }: OutputOptions): Promise<void> => {
  if (json) for await (const item of itemsOf(client, job.redriveId)) console.log(JSON.stringify(item));
  else {
    const outcomes = job.dryRun ? 'would-redrive,already-applied,skipped' : 'failed-again,skipped';
    const items = await Array.fromAsync(itemsOf(client, job.redriveId, outcomes));
    if (items.length > 0) console.log(itemTable(items));
  }
  const counted = Object.entries(job.counts).filter(([, count]) => count > 0);
  const told = counted.map(([outcome, count]) => `${count} ${outcome}`).join(', ') || 'nothing to redrive';
  note(`redrive ${job.redriveId} ${job.status}: ${told}`);
  if ((job.counts['failed-again'] ?? 0) > 0) process.exitCode = EXIT.failed;
};

export const itemTable = (items: readonly RedriveItem[]): string =>
  table(
    ['dead letter', 'order', 'outcome', 'attempt', 'reference', 'why'],
    items.map(({ deadLetterId, orderNumber, objectId, outcome, attempt, act, reference, why }) => [
      deadLetterId,
      orderNumber ?? objectId,
      outcome,
      attempt ?? (act && `${act.stream}@${act.revision}`),
      reference,
      why,
    ]),
  );
