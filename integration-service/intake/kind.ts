import type { MetricSpec } from '@sagahub/contracts/telemetry-names.ts';

/** What is handed in: the validated, defaulted command, which alone is fingerprinted, and whatever else a flow tells submissions apart by. */
export interface Submission<Command extends object = object> {
  readonly command: Command;
}

/** What the hub adds to a command. */
export interface Receipt {
  readonly partnerId: string;
  readonly clientId: string;
  readonly channel: string;
  readonly fingerprint: string;
  /** SHA-256 of client id and Idempotency-Key. */
  readonly requestKey?: string;
}

/** What the intake has to know of a flow to take its requests in; everything else is the same for all of them. */
export interface IntakeKind<Submitted extends Submission = Submission, Status extends string = string> {
  /** Also the category of its streams, and what its objects are called; `<flow>Id` is the name of their id. */
  readonly flow: string;
  /** Of its objects, e.g. `/api/v1/orders`. */
  readonly path: string;
  /** Of the event that each of its streams begins with. */
  readonly eventType: string;
  /** The same command of the same partner has the same id each time; a name is spent for good once it is accepted. */
  idOf(namespace: string, partnerId: string, submitted: Submitted): string;
  /** The part of the command that may stand in clear: the data of the first event. */
  clear(submitted: Submitted, objectId: string, receipt: Receipt): object;
  /** The part that is sealed. */
  sealed(submitted: Submitted): object;
  /** Whose personal data that is. */
  subject(submitted: Submitted, partnerId: string): string;
  /** The same name was accepted before with other content. */
  readonly nameReused: { readonly code: string; detail(submitted: Submitted): string };
  /** The status of an object just accepted. */
  readonly accepted: Status;
  /** States of the saga in which nothing more happens by itself, as partners see them. */
  readonly endings: Readonly<Partial<Record<string, Status>>>;
  /** What may be asked for in a status, by the last part of its path: the links beside `self` and `timeline`. */
  acts(status: Status | 'stuck'): readonly string[];
  /** Its own, beside those of all flows (`hub.intake.…`, labelled with the flow). */
  readonly metrics?: IntakeMetrics;
}

export interface IntakeMetrics {
  readonly received: MetricSpec;
  readonly replayed: MetricSpec;
  readonly refused: MetricSpec;
}

export const idNameOf = (kind: Pick<IntakeKind, 'flow'>): string => `${kind.flow}Id`;
export const streamOf = (kind: Pick<IntakeKind, 'flow'>, objectId: string): string => `${kind.flow}-${objectId}`;
export const pathOf = (kind: Pick<IntakeKind, 'path'>, objectId: string): string => `${kind.path}/${objectId}`;

/** Where an object can be seen. A pure function of its id. */
export const linksOf = (kind: Pick<IntakeKind, 'path'>, objectId: string) => ({
  self: pathOf(kind, objectId),
  timeline: `${pathOf(kind, objectId)}/timeline`,
});

/** And what may be asked for while it is in that status. */
export const openLinksOf = <Status extends string>(
  kind: Pick<IntakeKind<any, Status>, 'path' | 'acts'>,
  objectId: string,
  status: Status | 'stuck',
) => ({
  ...linksOf(kind, objectId),
  ...Object.fromEntries(kind.acts(status).map((act) => [act, `${pathOf(kind, objectId)}/${act}`])),
});
