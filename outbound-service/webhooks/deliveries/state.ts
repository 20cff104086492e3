import type { DeliveryStatus, WebhookSource } from '@sagahub/contracts/messages/webhook.ts';

/** One message of a subscription about one object. */
export interface Message {
  /** `webhook-id`. */
  readonly id: string;
  readonly type: string;
  /** Absent: a test. */
  readonly source?: WebhookSource;
  readonly occurredAt: string;
  readonly status: Exclude<DeliveryStatus, 'retrying'>;
  /** 1-based number of the next attempt, never used twice. */
  readonly attempt: number;
  /** The first attempt since somebody last asked for another round. */
  readonly firstOfRound: number;
  /** Of `dead-lettered`. */
  readonly deadLetterId?: string;
  readonly nextAtMs: number;
  readonly sinceMs: number;
}

/** All messages of one subscription about one object, in the order of what happened. */
export interface DeliveryState {
  readonly subscriptionId: string;
  readonly objectId: string;
  readonly partnerId: string;
  readonly ordered: boolean;
  readonly messages: readonly Message[];
}

export const NOTHING_REQUESTED: DeliveryState = { subscriptionId: '', objectId: '', partnerId: '', ordered: false, messages: [] };

/** Somebody may still have to do something about it before the next one of an ordered object goes. */
export const isSettled = ({ status }: Message): boolean => status === 'delivered' || status === 'discarded';

/** Messages an attempt may be made at: all that are pending, or of an ordered object the first that is not settled. */
export const sendable = ({ ordered, messages }: DeliveryState): readonly Message[] => {
  const open = ordered ? messages.filter((message) => !isSettled(message)).slice(0, 1) : messages;
  return open.filter(({ status }) => status === 'pending');
};

/** The step of a message: its place among the messages of its stream. */
export const stepOf = (state: DeliveryState, message: Message): string => `deliver:${state.messages.indexOf(message)}`;
export const messageOf = (state: DeliveryState, step: string): Message | undefined => state.messages[Number(step.slice('deliver:'.length))];
