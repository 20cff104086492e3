import type { EngineEvent } from '@sagahub/contracts/messages/hub.ts';
import type { PaymentEvent, PaymentState } from '@sagahub/contracts/messages/payment.ts';
import type { AtProcessor, PaymentDocument } from './payment-document.ts';

/** The events that the fold of a payment takes in. */
export type KnownPaymentEvent = PaymentEvent | EngineEvent;

/** Members that are replaced; `undefined` removes one. */
export type PaymentChanges = { -readonly [Member in keyof PaymentDocument]?: PaymentDocument[Member] | undefined };

/** From here on something is to be taken back, and what was waited for no longer is. */
export const takenBack = (state: PaymentState): PaymentChanges => ({ state, reversal: {}, waiting: undefined });

/** Nothing is under way any more, and so nothing is waited for. */
export const AT_REST: PaymentChanges = { reversal: undefined, waiting: undefined };

/** What only an operator moves on. */
export const isHalted = ({ deadLetters }: Pick<PaymentDocument, 'deadLetters'>): boolean =>
  deadLetters.some(({ state, origin }) => state === 'open' && origin === 'compensation');
export const isStuck = ({ deadLetters }: Pick<PaymentDocument, 'deadLetters'>): boolean =>
  deadLetters.some(({ state, origin }) => state === 'open' && origin === 'processor');

/** Not to be taken back. */
export const keptOf = ({ state, processor }: Pick<PaymentDocument, 'state' | 'processor'>): string | undefined =>
  state === 'Approved' ? processor?.reference : undefined;

export const hasUnwanted = ({ effects }: Pick<AtProcessor, 'effects'>, kept: string | undefined): boolean =>
  effects.some(({ live, reference }) => live && reference !== kept);

/** Nothing of it is left at the processor but what is kept, or can still come there. */
export const isReversed = (processor: AtProcessor | undefined, kept: string | undefined): boolean =>
  processor === undefined || ((processor.settled || kept !== undefined) && !hasUnwanted(processor, kept));
