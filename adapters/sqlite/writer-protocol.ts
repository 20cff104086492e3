/** What crosses between a writer and its thread: one batch at a time, one reply per batch, both as flat as they can be. */

export interface WriterThreadData {
  readonly path: string;
  /** URL of the file that exports `database`. */
  readonly module: string;
  readonly options: unknown;
}

export type ToThread =
  /** Name, arguments, name, arguments, … */
  | { readonly kind: 'batch'; readonly operations: readonly unknown[] }
  /** Largest size of the database, in pages; 0 = no bound. */
  | { readonly kind: 'limit'; readonly pages: number }
  | { readonly kind: 'close' };

export type FromThread =
  | { readonly kind: 'opened' }
  | { readonly kind: 'refused'; readonly error: WireError }
  /** In the order of the batch, after COMMIT. `failures` is absent when there are none. */
  | { readonly kind: 'results'; readonly results: readonly unknown[]; readonly failures?: ReadonlyMap<number, WireError> }
  /** Nothing of the batch was written. */
  | { readonly kind: 'failed'; readonly error: WireError };

export interface WireError {
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: string | undefined;
  readonly errcode: number | undefined;
}

export const toWire = (error: unknown): WireError => {
  const { message, stack, code, errcode } = error as Error & { code?: string; errcode?: number };
  return { message: message ?? String(error), stack, code, errcode };
};

export const fromWire = ({ message, stack, code, errcode }: WireError): Error => {
  const error = new Error(message);
  if (stack !== undefined) error.stack = stack;
  return Object.assign(error, code !== undefined && { code }, errcode !== undefined && { errcode });
};
