/** An order that somebody was told to be accepted. */
export interface Acceptance {
  readonly orderId: string;
  readonly orderNumber: string;
  /** 1 for the first. */
  readonly submission: number;
}

const RECENT = 10;

/** What the senders were told, which the hub must stand by whatever becomes of its process. */
export class Witness {
  /** By order id. */
  readonly accepted = new Map<string, Acceptance>();
  /** Broken promises that only a sender sees, each a sentence. */
  readonly complaints = new Set<string>();
  /** Content by order number, where no answer came: it may have been accepted or not. */
  readonly #lost = new Map<string, string>();
  /** Those of them that partners may cancel, repeat and resubmit. */
  readonly #theirs = new Map<string, Acceptance>();
  /** What was accepted under a number and submission. */
  readonly #contents = new Map<string, { readonly orderId: string; readonly content: string }>();

  /**
   * A 202.
   * @param content of the order, but for its number
   * @param leftAlone nobody is to cancel, repeat or resubmit it. Default false
   */
  accept(acceptance: Acceptance, content: string, leftAlone = false): void {
    const { orderId, orderNumber, submission } = acceptance;
    const name = `${orderNumber}, submission ${submission},`;
    const before = this.#contents.get(name) ?? { orderId, content };
    if (before.orderId !== orderId) this.complaints.add(`${name} was answered 202 as ${before.orderId} and as ${orderId}`);
    if (before.content !== content) this.complaints.add(`${name} was answered 202 with two contents`);
    this.#contents.set(name, before);
    this.accepted.set(orderId, acceptance);
    if (!leftAlone) this.#theirs.set(orderId, acceptance);
  }

  /** A new order without an answer. */
  lose(orderNumber: string, content: string): void {
    this.#lost.set(orderNumber, content);
  }

  /** One of those without an answer, for another try; it is lost anew when that fails too. */
  takeLost(): { readonly orderNumber: string; readonly content: string } | undefined {
    const [first] = this.#lost;
    if (!first) return undefined;
    const [orderNumber, content] = first;
    this.#lost.delete(orderNumber);
    return { orderNumber, content };
  }

  /** Any order accepted so far that is not left alone. @param draw from 0 to 1 */
  any(draw: number): Acceptance | undefined {
    const index = Math.floor(draw * this.#theirs.size);
    return this.#theirs.values().drop(index).next().value;
  }

  /** One of those accepted last, which are under way. @param draw from 0 to 1 */
  recent(draw: number): Acceptance | undefined {
    const first = Math.max(0, this.#theirs.size - RECENT);
    return this.#theirs
      .values()
      .drop(first + Math.floor(draw * (this.#theirs.size - first)))
      .next().value;
  }

  contentOf({ orderNumber, submission }: Acceptance): string {
    return this.#contents.get(`${orderNumber}, submission ${submission},`)!.content;
  }
}
