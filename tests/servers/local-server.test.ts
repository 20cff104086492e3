import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { freePort } from './local-server.ts';

/** So many that two processes that chose at random would surely meet. */
const PORTS = 500;

describe('ports of servers that tests start', () => {
  it('are given once, to one of all processes that ask at the same time', async () => {
    const script = `
      const { freePort } = await import(${JSON.stringify(import.meta.resolve('./local-server.ts'))});
      const ports = [];
      while (ports.length < ${PORTS}) ports.push(await freePort());
      console.log(JSON.stringify(ports));
      process.stdin.resume();`;
    const other = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
    const ports: number[] = [];
    while (ports.length < PORTS) ports.push(await freePort());
    other.child.stdin?.end();
    const others = JSON.parse((await other).stdout) as number[];
    assert.equal(new Set([...ports, ...others]).size, 2 * PORTS);
  });
});
