import { leadershipContract } from '@sagahub/contracts/ports/leadership.contract.ts';
import type { Leadership } from '@sagahub/contracts/ports/leadership.ts';
import { systemClock } from '../process/clock.ts';
import { openInProcessLeadership } from './leadership.ts';

leadershipContract('in process', async () => {
  const opened: Leadership[] = [];
  return {
    join: async () => {
      const leadership = openInProcessLeadership({ clock: systemClock() });
      opened.push(leadership);
      return leadership;
    },
    [Symbol.asyncDispose]: async () => {
      for (const leadership of opened) await leadership[Symbol.asyncDispose]();
    },
  };
});
