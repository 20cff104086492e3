const REQUEST_CATEGORY = 'request';

/**
 * Names of streams on the server. A prefix keeps several logs apart on one server, which has no databases; without one, every stream that is
 * not the server's own (`$…`) is taken for the hub's. `request-` streams hold claims of idempotency keys and are no part of the log.
 */
export class StreamNames {
  readonly prefix: string;

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  stored(stream: string): string {
    return this.prefix + stream;
  }

  ofRequest(requestKey: string): string {
    return `${REQUEST_CATEGORY}-${requestKey}`;
  }

  /** Regular expression of the names of these categories' streams, in the subset that .NET and JavaScript share. */
  pattern(categories?: readonly string[]): string {
    const prefix = escaped(this.prefix);
    return categories ? `^${prefix}(?:${categories.map(escaped).join('|')})(?:-|$)` : `^${prefix}(?!\\$|${REQUEST_CATEGORY}-)`;
  }
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
