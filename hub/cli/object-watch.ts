import type { TimelineEntry, WaitingView } from '@sagahub/contracts/api/object-views.ts';
import { Command } from 'commander';
import { backOff, connect, type HubClient, isTransient, UnreachableError } from './client.ts';
import type { FlowCommands } from './flow-commands.ts';
import { linesOf } from './lines.ts';
import { objectIdOf } from './object-reference.ts';
import { waitingText } from './object-report.ts';
import { moment, note, type OutputOptions, safe } from './output.ts';
import { serverSentEvents } from './sse.ts';

export const watchCommand = (flow: FlowCommands): Command =>
  new Command('watch')
    .description(`follow one ${flow.one} to its end, or all of your ${flow.many} until Ctrl-C; goes on after a lost connection`)
    .argument(`[${flow.one}]`, `its id or its ${flow.number.name}`)
    .option('--json', 'one change a line')
    .action(async (named: string | undefined, { json }: OutputOptions) => {
      const client = connect('demo');
      const path = named === undefined ? flow.path : `${flow.path}/${await objectIdOf(flow, client, named)}/timeline`;
      for await (const data of followed(client, path)) {
        const change = JSON.parse(data) as Change & TimelineEntry;
        console.log(json ? data : safe(named === undefined ? changeLine(flow, change) : entryLine(change)));
        if (named !== undefined && flow.final.has(change.type)) return;
      }
    });

/** Each message once, over as many connections as it takes. */
async function* followed(client: HubClient, path: string): AsyncGenerator<string> {
  let lastId: string | undefined;
  for (let failures = 0; ; ) {
    try {
      const headers = { accept: 'text/event-stream', ...(lastId !== undefined && { 'last-event-id': lastId }) };
      const { body } = await client.open('GET', path, { headers });
      if (!body) return;
      for await (const { id, data } of serverSentEvents(broken(client, linesOf(body)))) {
        lastId = id ?? lastId;
        failures = 0;
        yield data;
      }
    } catch (error) {
      if (!isTransient(error) || (failures === 0 && lastId === undefined)) throw error;
      if (failures === 0) note('the connection is lost; trying again');
      await backOff(failures++, error);
    }
  }
}

/** A stream that breaks off is a hub that cannot be reached. */
async function* broken(client: HubClient, lines: AsyncIterable<string>): AsyncGenerator<string> {
  try {
    yield* lines;
  } catch (error) {
    throw new UnreachableError(client.url, error);
  }
}

interface Change {
  readonly at: string;
  readonly type: string;
  readonly status: string;
  readonly waiting?: WaitingView;
}
const changeLine = ({ number }: FlowCommands, { at, status, type, waiting, ...names }: Change): string =>
  [moment(at), (names as Readonly<Record<string, string>>)[number.member], status, type, waiting && waitingText(waiting)]
    .filter(Boolean)
    .join('  ');

const entryLine = ({ at, title, detail, actor }: TimelineEntry): string => [moment(at), title, detail, actor].filter(Boolean).join('  ');
