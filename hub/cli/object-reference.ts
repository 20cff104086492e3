import { setTimeout as sleep } from 'node:timers/promises';
import { type HubClient, query } from './client.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import type { FlowCommands } from './flow-commands.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** The list is a moment behind: an object that was posted just now is looked for this often. */
const TRIES = 5;
const PAUSE_MS = 200;

/**
 * The id of an object that is named by its id or by the partner's name of it; of a name that was submitted again, the newest.
 * @param path of the list that is searched: operators look in everybody's
 * @throws CommandError there is none of this name
 */
export const objectIdOf = async (
  { one, id, number, path: own }: Pick<FlowCommands, 'one' | 'id' | 'number' | 'path'>,
  client: HubClient,
  idOrNumber: string,
  path: string = own,
): Promise<string> => {
  if (UUID.test(idOrNumber)) return idOrNumber;
  for (let tries = 1; ; tries++) {
    const { items } = await client.call<{ items: readonly Readonly<Record<string, string>>[] }>(
      'GET',
      `${path}${query({ [number.member]: idOrNumber, limit: 1 })}`,
    );
    const found = items[0]?.[id];
    if (found !== undefined) return found;
    if (tries === TRIES) throw new CommandError(EXIT.notFound, `there is no ${one} of the ${number.name} ${idOrNumber}`);
    await sleep(PAUSE_MS);
  }
};
