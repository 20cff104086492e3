import { fork } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import type { FromMember, ToMember } from './member.ts';

export interface MemberProcess extends AsyncDisposable {
  readonly heard: readonly FromMember[];
  readonly leads: boolean;
  write(work: ToMember): void;
  done(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
}

/** Starts `member.ts` on a database; resolves when it is ready. */
export const startMember = async (url: string, name: string, leaseMs: number): Promise<MemberProcess> => {
  const child = fork(new URL('./member.ts', import.meta.url), [url, name, String(leaseMs)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const heard: FromMember[] = [];
  child.on('message', (message) => heard.push(message as FromMember));
  const has = (kind: FromMember['kind']) => heard.some((message) => message.kind === kind);
  await eventually(`${name} is ready`, () => has('ready'), 20_000);
  return {
    heard,
    get leads() {
      return has('leads');
    },
    write: (work) => void child.send(work),
    done: () => eventually(`${name} is done`, () => has('done'), 60_000),
    signal: (signal) => void child.kill(signal),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
};
