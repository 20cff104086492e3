import { once } from 'node:events';
import { HubError } from '@sagahub/contracts/errors.ts';
import { openHubDatabase } from '../hub-database.ts';

/** What a process does in a transaction that it stops in the middle of. */
export interface Holding {
  readonly before: readonly string[];
  /** Its answer is more than anybody buffers; the process stops before it takes any of it. */
  readonly unread?: string;
  /** When it goes on. */
  readonly after?: readonly string[];
}
export type FromHolder = { readonly kind: 'holds' } | { readonly kind: 'ended'; readonly code: string };

/** A process of its own, on the database of its first argument; the second is a {@link Holding}, as JSON. */
const [url = '', json = '{"before":[]}'] = process.argv.slice(2);
const { before, unread, after = [] } = JSON.parse(json) as Holding;
const tell = (message: FromHolder): Promise<void> => new Promise((resolve) => process.send?.(message, () => resolve()));
await using database = await openHubDatabase({ url });
try {
  await database.transaction(async (session) => {
    const run = (text: string) => session.rows({ name: text.slice(0, 60), text });
    for (const text of before) await run(text);
    const told = once(process, 'message');
    await tell({ kind: 'holds' });
    const answer = unread === undefined ? undefined : run(unread);
    process.kill(process.pid, 'SIGSTOP');
    await Promise.all([told, answer]);
    for (const text of after) await run(text);
  });
  await tell({ kind: 'ended', code: 'committed' });
} catch (error) {
  await tell({ kind: 'ended', code: error instanceof HubError ? error.code : String(error) });
}
process.disconnect?.();
