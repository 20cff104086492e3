/** A hub that ends with SIGKILL, as if by `kill -9`, at the crash point that `HUB_TEST_CRASH_AT` names. */
import { writeSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { readHubConfig } from '@sagahub/hub/config.ts';
import { startHub } from '@sagahub/hub/hub.ts';
import { CRASH_POINTS, type CrashPointName } from './crash-points.ts';

const name = process.env['HUB_TEST_CRASH_AT'] as CrashPointName;
const seams = CRASH_POINTS[name](() => {
  writeSync(process.stderr.fd, `crashed at ${name}\n`);
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => {});
});
const { url, managementUrl } = await startHub(readHubConfig(process.env), process.env, seams);
console.log(JSON.stringify({ url, managementUrl }));
flushCompileCache();
