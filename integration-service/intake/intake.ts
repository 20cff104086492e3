import { ReuseError, RequestKeyTakenError, RevisionConflictError } from '@sagahub/contracts/errors.ts';
import { categoryOf, type NewEvent, objectIdOf } from '@sagahub/contracts/events.ts';
import { newId } from '@sagahub/contracts/ids.ts';
import type { JsonObject } from '@sagahub/contracts/json.ts';
import { seal } from '@sagahub/contracts/personal-data.ts';
import { type Append, type EventStore, NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { SPANS } from '@sagahub/contracts/telemetry-names.ts';
import { requestKeyOf } from '../idempotency-key.ts';
import { countersOf } from './counters.ts';
import type { Entry } from './entry.ts';
import { type Fingerprint, openFingerprint } from './fingerprint.ts';
import { idNameOf, type IntakeKind, linksOf, streamOf, type Submission } from './kind.ts';
import { knownObjects } from './known-objects.ts';

const SCHEMA_VERSION = 1;

export interface Accepted {
  readonly objectId: string;
  /** The same command had been accepted before; nothing was written now. */
  readonly replayed: boolean;
}

export interface Intake<Submitted extends Submission> {
  readonly fingerprint: Fingerprint;
  /**
   * Accepts a command: when this resolves it is on disk. The append itself decides whether it is the first; only a refused append looks
   * at what is there. A name is what the partner calls the object: an order's number, a payment's reference.
   *
   * | name  | content | idempotency key              | outcome                       |
   * |-------|---------|------------------------------|-------------------------------|
   * | new   |         | none, new                    | accepted                      |
   * | new   |         | of another object            | HUB_IDEMPOTENCY_KEY_REUSED    |
   * | known | same    | none, new, of any object     | replayed                      |
   * | known | other   | none, new, of any object     | the kind's `nameReused`       |
   *
   * @throws ReuseError as above; StorageFullError and other UnavailableErrors: nothing was accepted, repeat it
   */
  accept(submitted: Submitted, entry: Entry): Promise<Accepted>;
}

/** The append says that this is no first submission. */
type Refusal = RevisionConflictError | RequestKeyTakenError;

export interface IntakePorts extends Pick<Ports, 'keys' | 'cache' | 'clock' | 'telemetry'> {
  readonly store: Pick<EventStore, 'namespace' | 'append' | 'readStream'>;
}

export const openIntake = async <Submitted extends Submission>(
  kind: IntakeKind<Submitted>,
  ports: IntakePorts,
  duplicateCacheMs: number,
): Promise<Intake<Submitted>> => {
  const { store, keys, cache, clock, telemetry } = ports;
  const fingerprint = await openFingerprint(keys);
  const fingerprintOf = knownObjects({ store, cache, logger: telemetry.logger }, duplicateCacheMs);
  const count = countersOf(kind, telemetry);

  const prepare = async (
    submitted: Submitted,
    { principal: { clientId, partnerId }, idempotencyKey, channel, correlationId, traceparent }: Entry,
  ): Promise<Prepared> => {
    const objectId = kind.idOf(store.namespace, partnerId, submitted);
    const stream = streamOf(kind, objectId);
    const requestKey = idempotencyKey === undefined ? undefined : { requestKey: requestKeyOf(clientId, idempotencyKey) };
    const printed = fingerprint(submitted.command);
    const receipt = { partnerId, clientId, channel, fingerprint: printed, ...requestKey };
    const event: NewEvent = {
      id: newId(),
      type: kind.eventType,
      data: kind.clear(submitted, objectId, receipt) as JsonObject,
      private: await seal(keys, kind.subject(submitted, partnerId), stream, kind.sealed(submitted)),
      metadata: {
        time: new Date(clock.now()).toISOString(),
        correlationId,
        ...(traceparent !== undefined && { traceparent }),
        partnerId,
        actor: `client:${clientId}`,
        schemaVersion: SCHEMA_VERSION,
      },
    };
    return { objectId, fingerprint: printed, append: { stream, expectedRevision: NO_STREAM, events: [event], ...requestKey } };
  };

  /** The append was refused: whoever came first decides what this one is. */
  const compare = async (refusal: Refusal, submitted: Submitted, prepared: Prepared): Promise<Accepted> => {
    const { objectId } = prepared;
    const accepted = await fingerprintOf(prepared.append.stream);
    if (accepted === prepared.fingerprint) return { objectId, replayed: true };
    if (accepted !== undefined) throw nameReused(kind, submitted, objectId);
    throw refusal instanceof RequestKeyTakenError ? keyReused(kind, refusal.stream) : refusal;
  };

  const refusalOf = async (append: Append): Promise<Refusal | undefined> => {
    try {
      await store.append(append);
      return undefined;
    } catch (error) {
      if (error instanceof RevisionConflictError || error instanceof RequestKeyTakenError) return error;
      throw error;
    }
  };

  return {
    fingerprint,
    accept: async (submitted, entry) => {
      const { partnerId } = entry.principal;
      const attributes = { 'hub.flow': kind.flow, 'hub.partner_id': partnerId };
      const span = telemetry.startSpan(SPANS.intake.name, { parent: entry.traceparent, attributes });
      try {
        const prepared = await prepare(submitted, { ...entry, traceparent: span.traceparent ?? entry.traceparent });
        const { objectId, append } = prepared;
        span.setAttribute('hub.stream', append.stream);
        const refusal = await refusalOf(append);
        const accepted = refusal ? await compare(refusal, submitted, prepared) : { objectId, replayed: false };
        count(accepted.replayed ? 'replayed' : 'received', entry.channel);
        const { correlationId } = entry;
        const message = accepted.replayed ? 'repeated' : 'received';
        telemetry.logger.debug(message, { stream: append.stream, partnerId, correlationId, traceparent: span.traceparent });
        return accepted;
      } catch (error) {
        if (!(error instanceof ReuseError)) span.fail(error);
        throw error;
      } finally {
        span.end();
      }
    },
  };
};

interface Prepared {
  readonly objectId: string;
  readonly fingerprint: string;
  readonly append: Append;
}

const nameReused = <Submitted extends Submission>(kind: IntakeKind<Submitted>, submitted: Submitted, objectId: string): ReuseError =>
  new ReuseError(kind.nameReused.code, kind.nameReused.detail(submitted), pointingTo(kind, objectId));

/** @param stream what holds the key */
export const keyReused = (kind: Pick<IntakeKind, 'flow' | 'path'>, stream: string): ReuseError => {
  const holder = categoryOf(stream) === kind.flow ? objectIdOf(stream) : undefined;
  return new ReuseError(
    'HUB_IDEMPOTENCY_KEY_REUSED',
    `the Idempotency-Key was used before for something else; send this ${kind.flow} with a key of its own`,
    holder === undefined ? {} : pointingTo(kind, holder),
  );
};

const pointingTo = (kind: Pick<IntakeKind, 'flow' | 'path'>, objectId: string) => ({
  [idNameOf(kind)]: objectId,
  links: linksOf(kind, objectId),
});
