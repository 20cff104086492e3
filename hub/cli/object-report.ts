/** What is printed of the objects of any flow. */
import type { TimelineEntry, WaitingView } from '@sagahub/contracts/api/object-views.ts';
import type { ObjectSummary } from './flow-commands.ts';
import { moment, table } from './output.ts';

export const waitingText = ({ for: whom, attempt, round, nextAt, reason }: Waiting): string => {
  const turn = round ? `attempt ${round.attempt} of ${round.of}` : attempt && `attempt ${attempt}`;
  return [whom, turn, nextAt && `at ${moment(nextAt)}`, reason].filter(Boolean).join(', ');
};
type Waiting = Omit<WaitingView, 'since' | 'reason'> & { readonly reason?: string | undefined };

/** In a list: the cause instead of the whole reason. */
export const waitsFor = ({ waiting, health }: Pick<ObjectSummary, 'waiting' | 'health'>): string | undefined =>
  waiting && waitingText({ ...waiting, reason: health?.cause ?? waiting.cause });

/** @param at the moment it is shown as of */
export const timelineTable = (entries: readonly TimelineEntry[], at?: string): string =>
  table(
    ['when', 'what', '', 'by'],
    entries
      .filter((entry) => at === undefined || entry.at <= at)
      .map((entry) => [moment(entry.at), entry.title, entry.detail, entry.actor]),
  );

export const deadLettersText = ({
  deadLetters,
}: {
  readonly deadLetters: readonly { readonly deadLetterId: string; readonly state: string }[];
}): string | undefined => deadLetters.map(({ deadLetterId, state }) => `${deadLetterId} (${state})`).join(', ') || undefined;

export const withheld = ({ sealed, erased }: { readonly sealed?: true | undefined; readonly erased?: true | undefined }): string =>
  erased ? '(erased)' : sealed ? '(sealed)' : '';
