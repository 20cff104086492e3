import { RequestKeyTakenError, UnavailableError } from '@sagahub/contracts/errors.ts';
import { newId } from '@sagahub/contracts/ids.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import { NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import type { AppendStream } from './append-stream.ts';
import type { LogReader } from './log-reader.ts';

/** The append that a claim speaks for. */
export interface ClaimedAppend {
  readonly stream: string;
  /** Where its first event is to stand, and which that is. */
  readonly revision: number;
  readonly eventId: string;
}
interface Claim extends ClaimedAppend {
  readonly atMs: number;
}

/** Looks between two of these are for an append that is under way, which takes milliseconds. */
const PAUSE_MS = 10;
const LOOKS = 50;

/**
 * Idempotency keys, in streams `request-<key>`.
 *
 * KurrentDB writes one stream at a time, so a key and the append it belongs to cannot be written together. A claim is therefore no more than a
 * *statement about another stream*, written before the append: "if revision r of stream s is event e, the key belongs to s". The append itself,
 * atomic as ever, makes it true or false for good:
 *
 * | revision r of s | the claim is | the key |
 * |---|---|---|
 * | is event e | held | belongs to s, for ever |
 * | is another event | void | is free: that append failed, or never was and never can be |
 * | does not exist | open | waits for the append under way; after {@link leaseMs} its writer has given up, and the key is free |
 *
 * Claims of a key are appended at the revision at which the claimant has judged all claims before, so two cannot overlook each other. A claim of
 * one's own stream is no obstacle: a call that died between claim and append is simply made again.
 *
 * The lease is the one assumption about time: it is four times as long as a writer goes on trying, and the writer looks at its clock before
 * each try. A writer whose last try lay in the network for longer than that could give a key to two streams. Even then each order exists
 * once: that is guarded by its own stream.
 */
export class RequestKeys {
  readonly #reader: LogReader;
  readonly #appends: AppendStream;
  readonly #clock: Clock;
  readonly #leaseMs: number;

  constructor(reader: LogReader, appends: AppendStream, clock: Clock, leaseMs: number) {
    this.#reader = reader;
    this.#appends = appends;
    this.#clock = clock;
    this.#leaseMs = leaseMs;
  }

  async holder(key: string): Promise<string | undefined> {
    for (const claim of await this.#claims(key)) if ((await this.#judge(claim)) === 'held') return claim.stream;
    return undefined;
  }

  /**
   * To be called right before the append.
   * @throws RequestKeyTakenError it belongs to another stream
   * @throws UnavailableError another stream's append with it is under way, or was and its outcome is unknown: repeat
   */
  async claim(key: string, append: ClaimedAppend): Promise<void> {
    let behind = NO_STREAM; // most keys are new: no look before the leap
    while (!(await this.#write(key, behind, append))) {
      const claims = await this.#claims(key);
      if (await this.#isHeldBy(claims, append.stream)) return;
      behind = claims.length - 1;
    }
  }

  /** Whether the key is this stream's already. Otherwise it is free. */
  async #isHeldBy(claims: readonly Claim[], stream: string): Promise<boolean> {
    for (const claim of claims) {
      let verdict = await this.#judge(claim);
      for (let look = 1; verdict === 'open' && this.#isAlive(claim) && claim.stream !== stream; look += 1) {
        if (look > LOOKS)
          throw new UnavailableError('HUB_REQUEST_KEY_PENDING', 'another request with this idempotency key is under way; repeat');
        await this.#clock.sleep(PAUSE_MS);
        verdict = await this.#judge(claim);
      }
      if (verdict !== 'held') continue;
      if (claim.stream === stream) return true;
      throw new RequestKeyTakenError(claim.stream);
    }
    return false;
  }

  async #judge({ stream, revision, eventId }: Claim): Promise<'held' | 'void' | 'open'> {
    const [event] = await this.#reader.stream(stream, revision, revision);
    if (!event) return 'open';
    return event.revision === revision && event.id === eventId.toLowerCase() ? 'held' : 'void';
  }

  #isAlive({ atMs }: Claim): boolean {
    return this.#clock.now() < atMs + this.#leaseMs;
  }

  async #claims(key: string): Promise<Claim[]> {
    const events = await this.#reader.stream(this.#reader.names.ofRequest(key), 0, Number.MAX_SAFE_INTEGER);
    return events.map(({ bytes }) => JSON.parse(bytes) as Claim);
  }

  async #write(key: string, behind: number, append: ClaimedAppend): Promise<boolean> {
    const claim: Claim = { ...append, atMs: this.#clock.now() };
    const proposal = { id: newId(), type: 'RequestKeyClaimed', data: JSON.stringify(claim), metadata: '{}' };
    const stream = this.#reader.names.stored(this.#reader.names.ofRequest(key));
    return (await this.#appends.append(stream, behind, [proposal])).kind === 'written';
  }
}
