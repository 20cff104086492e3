export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** JSON lines. Carries ids and causes, never payloads or personal data. */
export interface Logger {
  debug(message: string, fields?: Attributes): void;
  info(message: string, fields?: Attributes): void;
  warn(message: string, fields?: Attributes): void;
  error(message: string, fields?: Attributes & { readonly error?: never }, error?: unknown): void;
  child(fields: Attributes): Logger;
}

export interface Counter {
  add(value: number, attributes?: Attributes): void;
}
export interface Histogram {
  /** In the unit its name ends with; durations in seconds. */
  record(value: number, attributes?: Attributes): void;
}

export interface Span {
  setAttribute(name: string, value: string | number | boolean): void;
  /** W3C `traceparent` of this span, to store in events and to send on. `undefined` when tracing is off and there was no parent. */
  readonly traceparent: string | undefined;
  fail(error: unknown): void;
  end(): void;
}

export interface SpanOptions {
  readonly kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  /** W3C `traceparent` of the parent; absent = a new trace. There is no ambient span: events and calls carry theirs. */
  readonly parent?: string | undefined;
  readonly attributes?: Attributes;
}

/** Logs, metrics and spans; every instrument name is in `contracts/telemetry-names.ts`. */
export interface Telemetry {
  readonly logger: Logger;
  counter(name: string): Counter;
  histogram(name: string): Histogram;
  /** Observed when scraped; returns one value per attribute set. */
  gauge(name: string, observe: () => Iterable<readonly [number, Attributes?]> | Promise<Iterable<readonly [number, Attributes?]>>): void;
  startSpan(name: string, options?: SpanOptions): Span;
}
