import type { ApiClient } from '@sagahub/hub/harness/api-client.ts';

/** A process whose use of the machine is shown by itself. */
export interface Part {
  readonly name: string;
  /** `engine`: a server that the hub keeps its data in. */
  readonly kind: 'hub' | 'engine';
  readonly pid: number;
}

/** The hub as the benchmark uses it, whatever it consists of. */
export interface RunningHub {
  readonly url: string;
  /** Where `/stats` is. */
  readonly managementUrl: string;
  /** Of the process that relays open work: where `/metrics` tells its age. */
  readonly relayUrl: string;
  client(name: 'demo' | 'operator' | 'auditor'): ApiClient;
}

/** What it took to dump the log and the keys, and to have both again in an empty database. */
export interface Restored {
  /** Of the dumps, compressed as `pg_dump` does. */
  readonly bytes: number;
  readonly dumpMs: number;
  readonly restoreMs: number;
  /** Events that were restored. */
  readonly events: number;
}

/** A hub that runs, with everything it needs; disposing ends all of it. */
export interface Installation extends AsyncDisposable {
  readonly hub: RunningHub;
  /** Its processes and those of its engines. */
  readonly parts: readonly Part[];
  /** From the start of its processes until the last was ready. */
  readonly readyMs: number;
  /** Of a log that `pg_dump` backs up. The hub goes on meanwhile, and is left as it is. */
  readonly dumpAndRestore?: (() => Promise<Restored>) | undefined;
}
