import { isRepeatable } from '@sagahub/contracts/api/route-answer.ts';
import { UnavailableError } from '@sagahub/contracts/errors.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import { INBOUND_QUEUE, type InboundParked, type InboundPayload } from '@sagahub/contracts/messages/inbound.ts';
import { open } from '@sagahub/contracts/personal-data.ts';
import type { Hint } from '@sagahub/contracts/ports/message-bus.ts';
import type { OrderInbox } from '@sagahub/contracts/ports/order-inbox.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { problemIn, settleMessage, type Submit } from './inbound.ts';
import { contentOf, openParking } from './parking.ts';

const CONCURRENCY = 8;
const ACTOR = 'hub';

type InboundPorts = Pick<Ports, 'store' | 'keys' | 'clock' | 'telemetry'>;

/**
 * Takes orders that come as messages, and hands those in again that an operator redrives.
 * @param inbox absent: none come, and those parked before can still be redriven
 */
export const startInbound = async (
  ports: InboundPorts,
  runtime: SagaRuntime,
  submit: Submit,
  inbox: OrderInbox | undefined,
): Promise<AsyncDisposable> => {
  await using started = new AsyncDisposableStack();
  const handle = redrive(ports, runtime, submit);
  started.use(await runtime.work(INBOUND_QUEUE, { concurrency: CONCURRENCY, perLane: CONCURRENCY, handle }));
  const { clock, telemetry } = ports;
  const park = openParking(ports, runtime);
  if (inbox) started.use(await inbox.consume(settleMessage({ submit, park, clock, logger: telemetry.logger })));
  return started.move();
};

/** Through the same door as the first time; who sent it must still be allowed to. */
const redrive =
  ({ store, keys }: InboundPorts, runtime: SagaRuntime, submit: Submit) =>
  async ({ stream, attempt }: Hint): Promise<void> => {
    const events = await store.readStream(stream);
    const parked = events.findLast(({ type }) => type === 'InboundParked') as unknown as RecordedEvent & InboundParked;
    const { problem: _problem, inboundId: _id, truncated: _truncated, ...facts } = parked.data;
    const { correlationId, traceparent } = parked.metadata;
    const payload = await open(keys, stream, parked.private!);
    const context = { actor: ACTOR, correlationId, traceparent };
    if (payload === undefined) {
      const problem = { status: 410, code: 'HUB_INBOUND_ERASED', detail: 'what it held was erased; only the sender can send it again' };
      await runtime.execute(stream, { type: 'Refuse', attempt, problem }, context);
      return;
    }
    const content = contentOf(payload as object as InboundPayload);
    const answer = await submit({ ...facts, content }, { correlationId, traceparent });
    if (answer.status < 400) {
      const replayed = answer.headers['idempotent-replayed'] === 'true';
      await runtime.execute(stream, { type: 'Accept', attempt, orderId: answer.body['orderId'], replayed }, context);
    } else if (isRepeatable(answer.status)) {
      const { code, detail } = problemIn(answer);
      throw new UnavailableError(code, detail);
    } else await runtime.execute(stream, { type: 'Refuse', attempt, problem: problemIn(answer) }, context);
  };
