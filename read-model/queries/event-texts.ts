/** Words that the timelines of all flows use. */
import type { EngineEvent } from '@sagahub/contracts/messages/hub.ts';
import type { Description } from './flow-view.ts';

export const because = (by: string, reason: string | undefined): string => (reason === undefined ? `by ${by}` : `by ${by}: ${reason}`);

/** Most reasons name the status themselves. */
export const withStatus = (reason: string, status: number | undefined): string =>
  status === undefined || reason.includes(String(status)) ? reason : `${status}: ${reason}`;

/** What the engine records in any stream; of what nobody has words for, the type. */
export const describeEngineEvent = (event: EngineEvent | { readonly type: string; readonly data: unknown }): Description => {
  const known = event as EngineEvent;
  switch (known.type) {
    case 'StepFaulted': {
      const { step, error, attempt, nextAt } = known.data;
      const next = nextAt === undefined ? 'an operator is needed' : `again at ${nextAt}`;
      return { area: 'engine', title: 'Step failed', detail: `${step}: ${error}; ${next}`, attempt };
    }
    case 'StepRetried':
      return { area: 'operator', title: 'Step tried again', detail: `${known.data.step}, ${because(known.data.by, known.data.reason)}` };
    default:
      return { area: 'engine', title: event.type };
  }
};
