import type { PaymentEvent } from '@sagahub/contracts/messages/payment.ts';
import {
  AT_REST,
  hasUnwanted,
  isHalted,
  isReversed,
  isStuck,
  keptOf,
  type KnownPaymentEvent,
  type PaymentChanges,
  takenBack,
} from './payment-change.ts';
import type { AtProcessor, PaymentDocument, ProcessorEffect } from './payment-document.ts';
import { failedAttempt } from './waiting.ts';

const PROCESSOR_EVENTS = [
  'AuthorizationRequested',
  'AuthorizationAttemptStarted',
  'AuthorizationAttemptFailed',
  'AuthorizationPending',
  'AuthorizationFailed',
  'AuthorizationRetried',
  'PaymentApproved',
  'PaymentDeclined',
  'AuthorizationOverdueFlagged',
  'ReversalRequested',
  'ReversalAttemptFailed',
  'PaymentReversed',
  'ResolvedByHand',
] as const;
type ProcessorEvent = Extract<PaymentEvent, { readonly type: (typeof PROCESSOR_EVENTS)[number] }>;
const TYPES: ReadonlySet<string> = new Set(PROCESSOR_EVENTS);
export const isProcessorEvent = (event: KnownPaymentEvent): event is ProcessorEvent => TYPES.has(event.type);

/** What the processor says and is asked for. Its answers are facts, taken in whatever the payment has become meanwhile. */
export const processorChanges = (before: PaymentDocument, event: ProcessorEvent, at: string): PaymentChanges => {
  if (event.type === 'AuthorizationRequested') return requested(before, event.data, at);
  const { processor } = before;
  // An answer without a request before it is a bug elsewhere; the payment is shown all the same.
  if (!processor) return {};
  const wanted = before.state === 'Authorizing' && !isStuck(before);
  switch (event.type) {
    case 'AuthorizationAttemptStarted': {
      const { attempt } = event.data;
      const attempts = { processor: { ...processor, attempts: Math.max(processor.attempts, attempt) } };
      return wanted ? { ...attempts, waiting: { for: 'processor', since: processor.requestedAt, attempt } } : attempts;
    }
    case 'AuthorizationAttemptFailed': {
      const attempts = Math.max(processor.attempts, event.data.attempt);
      const failed = { processor: { ...processor, attempts, failingSince: processor.failingSince ?? at } };
      return wanted ? { ...failed, waiting: failedAttempt('processor', before, event.data, at) } : failed;
    }
    case 'AuthorizationPending':
      return pendingThere(before, processor, event.data, at);
    case 'AuthorizationFailed': {
      const { attempts, reason } = event.data;
      const known = { processor: { ...processor, attempts: Math.max(processor.attempts, attempts) } };
      return wanted ? { ...known, waiting: { for: 'operator', since: at, reason } } : known;
    }
    case 'AuthorizationRetried': {
      if (before.state !== 'Authorizing') return {};
      const { failingSince: _ended, ...anew } = processor;
      return { processor: anew, waiting: { for: 'processor', since: at, attempt: processor.attempts + 1 } };
    }
    case 'PaymentApproved':
      return approved(before, processor, event.data, at);
    case 'PaymentDeclined':
      return declined(before, processor, event.data, at);
    case 'AuthorizationOverdueFlagged':
      return { processor: { ...processor, overdueSince: at } };
    case 'ReversalRequested': {
      if (!before.reversal || before.reversal.requested || isHalted(before)) return {};
      const { processorRef: reference } = event.data;
      return {
        reversal: { requested: { ...(reference !== undefined && { reference }) } },
        waiting: { for: 'reversal', since: at, attempt: processor.reversalAttempts + 1 },
      };
    }
    case 'ReversalAttemptFailed': {
      const reversalAttempts = Math.max(processor.reversalAttempts, event.data.attempt);
      const failed = { processor: { ...processor, reversalAttempts } };
      return before.reversal && !isHalted(before) ? { ...failed, waiting: failedAttempt('reversal', before, event.data, at) } : failed;
    }
    case 'PaymentReversed':
      return reversed(before, processor, event.data.processorRef, at);
    case 'ResolvedByHand': {
      const { processor: is, processorRef } = event.data;
      const stands = processor.effects.some(({ reference, live, approved }) => reference === processorRef && live && approved);
      if (is !== 'live' || processorRef === undefined || !stands || !isHalted(before)) return {};
      return approvedAs({ ...processor, reference: processorRef }, at);
    }
  }
};

const requested = (
  { state }: PaymentDocument,
  { connector, expiresAt }: Extract<ProcessorEvent, { type: 'AuthorizationRequested' }>['data'],
  at: string,
): PaymentChanges => {
  if (state !== 'Initiated') return {};
  const processor = {
    connector,
    requestedAt: at,
    expiresAt,
    attempts: 0,
    reversalAttempts: 0,
    effects: [],
    declinedReferences: [],
    settled: false,
  };
  return { state: 'Authorizing', processor, waiting: { for: 'processor', since: at, attempt: 1 } };
};

const pendingThere = (
  before: PaymentDocument,
  processor: AtProcessor,
  { attempt, processorRef, nextAt }: Extract<ProcessorEvent, { type: 'AuthorizationPending' }>['data'],
  at: string,
): PaymentChanges => {
  const attempts = Math.max(processor.attempts, attempt);
  const isNew =
    processorRef !== undefined && effectOf(processor, processorRef) === undefined && !processor.declinedReferences.includes(processorRef);
  const effects = isNew ? withEffect(processor, { reference: processorRef, approved: false, live: true }) : processor.effects;
  const known = { ...processor, attempts, effects };
  if (before.state === 'Authorizing') {
    if (isStuck(before)) return { processor: known };
    const { since } = before.waiting ?? { since: at };
    const reason = 'the processor decides later';
    return { processor: known, waiting: { for: 'processor', since, attempt, nextAt, reason, cause: 'pending-at-processor' } };
  }
  return processorRef === undefined ? { processor: known } : appeared(before, known, processorRef, at);
};

const approved = (
  before: PaymentDocument,
  processor: AtProcessor,
  { processorRef, attempt }: Extract<ProcessorEvent, { type: 'PaymentApproved' }>['data'],
  at: string,
): PaymentChanges => {
  const live = effectOf(processor, processorRef)?.live ?? true;
  const effects = withEffect(processor, { reference: processorRef, approved: true, live });
  const known = { ...processor, attempts: Math.max(processor.attempts, attempt), effects };
  return before.state === 'Authorizing' ? approvedAs({ ...known, reference: processorRef }, at) : appeared(before, known, processorRef, at);
};

/** What stands is the processor's `reference`; whatever else it has of the payment is taken back. */
const approvedAs = (processor: AtProcessor, at: string): PaymentChanges =>
  hasUnwanted(processor, processor.reference)
    ? { ...takenBack('Approved'), processor, endedAt: undefined }
    : { ...AT_REST, state: 'Approved', processor, endedAt: at };

/** Something at the processor where nothing was wanted (any more). */
const appeared = (before: PaymentDocument, processor: AtProcessor, reference: string, at: string): PaymentChanges => {
  if (!effectOf(processor, reference)?.live || reference === keptOf(before)) return { processor };
  if (!before.reversal) return { processor, reversal: {}, endedAt: undefined, waiting: undefined };
  const { requested: open } = before.reversal;
  const learned = open && open.reference === undefined ? { reversal: { requested: { reference } } } : {};
  return isHalted(before) ? { processor, ...learned, waiting: goingOn(before, at) } : { processor, ...learned };
};

/** What it waits for once a reversal that had halted goes on. */
export const goingOn = ({ reversal, processor }: PaymentDocument, at: string): PaymentChanges['waiting'] =>
  reversal?.requested && { for: 'reversal', since: at, attempt: (processor?.reversalAttempts ?? 0) + 1 };

/** The processor knows a payment by one key: what it declined it cannot hold, whichever attempt it answers. */
const declined = (
  before: PaymentDocument,
  processor: AtProcessor,
  { attempt, reason, status }: Extract<ProcessorEvent, { type: 'PaymentDeclined' }>['data'],
  at: string,
): PaymentChanges => {
  const isApproved = before.state === 'Approved' && !before.reversal;
  if (processor.settled || isApproved || processor.effects.some(({ approved: decided, live }) => decided && live)) return {};
  const pending = processor.effects.filter(({ live }) => live).map(({ reference }) => reference);
  const known = {
    ...processor,
    effects: processor.effects.filter(({ live }) => !live),
    declinedReferences: [...processor.declinedReferences, ...pending],
    settled: true,
    attempts: Math.max(processor.attempts, attempt),
  };
  if (before.state === 'Authorizing') {
    const decline = { reason, ...(status !== undefined && { status }) };
    return { ...AT_REST, state: 'Declined', endedAt: at, processor: known, decline };
  }
  return before.reversal ? settledIfTold(before, { processor: known, reversal: {}, waiting: undefined }, at) : { processor: known };
};

/** One thing less at the processor, or the proof that there is nothing. */
const reversed = (before: PaymentDocument, processor: AtProcessor, reference: string | undefined, at: string): PaymentChanges => {
  const effects =
    reference === undefined
      ? processor.effects
      : withEffect(processor, { reference, approved: effectOf(processor, reference)?.approved ?? false, live: false });
  const known = { ...processor, effects };
  if (!before.reversal) return { processor: known };
  if (!hasUnwanted(known, keptOf(before)))
    return settledIfTold(before, { processor: { ...known, settled: true }, reversal: {}, waiting: undefined }, at);
  const { requested: asked } = before.reversal;
  const wasNext = reference !== undefined && asked?.reference === reference;
  const left = { processor: known, reversal: wasNext ? {} : before.reversal };
  return { ...left, ...(wasNext ? { waiting: undefined } : isHalted(before) ? { waiting: goingOn(before, at) } : {}) };
};

const ENDS: ReadonlySet<PaymentDocument['state']> = new Set(['Approved', 'Declined', 'Expired', 'Cancelled', 'Refunded']);

/** What had ended before is over again as soon as nothing is left: nobody is told twice. */
const settledIfTold = (
  before: PaymentDocument,
  changes: PaymentChanges & { readonly processor: AtProcessor },
  at: string,
): PaymentChanges =>
  ENDS.has(before.state) && !changes.reversal?.requested && isReversed(changes.processor, keptOf(before))
    ? { ...changes, ...AT_REST, endedAt: at }
    : changes;

const effectOf = ({ effects }: AtProcessor, reference: string): ProcessorEffect | undefined =>
  effects.find((effect) => effect.reference === reference);
const withEffect = ({ effects }: AtProcessor, effect: ProcessorEffect): readonly ProcessorEffect[] => [
  ...effects.filter(({ reference }) => reference !== effect.reference),
  effect,
];
