/**
 * Several hubs in one process, each on its own data folder: one SIGKILL is a crash of every one of them, and loading the code, most of
 * what a start costs, is paid once. Prints a line per hub when it is ready.
 */
import { flushCompileCache } from 'node:module';
import { readHubConfig } from '@sagahub/hub/config.ts';
import { startHub } from '@sagahub/hub/hub.ts';
import { FLEET, type MemberReady } from './fleet.ts';

const environments = JSON.parse(process.env[FLEET] ?? '[]') as NodeJS.ProcessEnv[];
await Promise.all(
  environments.map(async (changes, member) => {
    const env = { ...process.env, ...changes };
    const { url, managementUrl } = await startHub(readHubConfig(env), env);
    console.log(JSON.stringify({ member, url, managementUrl } satisfies MemberReady));
  }),
);
// Node does so at exit, and this process has none.
flushCompileCache();
