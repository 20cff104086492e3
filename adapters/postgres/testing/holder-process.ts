import { fork } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import type { FromHolder, Holding } from './holder.ts';

export interface HolderProcess extends AsyncDisposable {
  /** Lets it go on where it stopped; resolves with how its transaction ended: `committed`, or the code of the error. */
  wakeUp(): Promise<string>;
}

/** A process that stops dead with a transaction open, as soon as it has what others need. */
export const startFrozenHolder = async (url: string, holding: Holding): Promise<HolderProcess> => {
  const child = fork(new URL('./holder.ts', import.meta.url), [url, JSON.stringify(holding)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const heard: FromHolder[] = [];
  child.on('message', (message) => heard.push(message as FromHolder));
  const ended = () => heard.find((message) => message.kind === 'ended');
  await eventually('it holds what others need', () => heard.length > 0, 20_000);
  if (ended()) throw new Error(`it ended before: ${ended()?.code}`);
  return {
    async wakeUp() {
      child.kill('SIGCONT');
      child.send('go on');
      await eventually('its transaction has ended', () => ended() !== undefined, 20_000);
      return ended()?.code ?? '';
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
};
