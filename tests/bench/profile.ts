import type { Installation } from './installation.ts';

export type ProfileName = 'embedded' | 'networked';

/** What the project wants of a profile; absent where there is only something to see. */
export interface Aims {
  readonly completedPerSecond: number;
  readonly completedFloor: number;
  readonly hubCpuMsPerOrder?: number;
  readonly acceptedPerSecond?: number;
  readonly acceptedShareOfBare?: number;
  /** Orders offered a second by the steady load and by the soak. */
  readonly offered: number;
  readonly acceptedP99Ms: number;
  readonly completedP99Ms?: number;
  /** Absent where looking into the list would measure the stand-in for the engine: FerretDB reads all documents for it. */
  readonly listedP99Ms?: number;
}

/** One way to run the hub, and what is expected of it there. */
export interface Profile {
  readonly name: ProfileName;
  readonly aims: Aims;
  /** Of more orders the read model is not compared with the log: FerretDB reads all documents for each question. Absent: of any number. */
  readonly comparedUpTo?: number;
  /** What runs, for the heading. */
  readonly description: string;
  /** @param env settings that differ from what is delivered, `ERP_URL` among them */
  install(env: Readonly<Record<string, string>>): Promise<Installation>;
}
