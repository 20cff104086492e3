import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Flow } from '@sagahub/contracts/saga.ts';
import { filesOf, ROOT } from '../source-files.ts';
import { type PreviousRelease, previousRelease } from '../support/previous-release.ts';

/** Of a file. Where a policy makes a flow, any will do: its versions are there before any is asked to decide. */
const flowsOf = async (folder: string, file: string): Promise<readonly Flow[]> =>
  Object.entries((await import(pathToFileURL(join(folder, file)).href)) as Readonly<Record<string, unknown>>)
    .filter(([name]) => name.endsWith('Flow'))
    .map(([, exported]) => (typeof exported === 'function' ? exported({}) : exported) as Flow);

describe('sagas of this release and the previous one', () => {
  let previous: PreviousRelease;
  before(function () {
    previous = previousRelease(this);
  });
  after(() => previous?.[Symbol.dispose]());

  it('can go on with each other’s objects: new ones begin on a version that both have, and none in flight there is missing here', async () => {
    const faults: string[] = [];
    const names: string[] = [];
    for (const file of filesOf('{orchestration-service,outbound-service}/**/flow.ts')) {
      if (!existsSync(join(previous.folder, file))) continue;
      for (const there of await flowsOf(previous.folder, file)) {
        const here = (await flowsOf(ROOT, file)).find(({ name }) => name === there.name);
        names.push(there.name);
        if (!here) faults.push(`${there.name} is gone`);
        else if (!there.versions[here.currentVersion]) faults.push(`${there.name} begins on version ${here.currentVersion}, unknown there`);
        else if (!here.versions[there.currentVersion]) faults.push(`${there.name} lacks version ${there.currentVersion}`);
      }
    }
    assert.ok(names.includes('order') && names.includes('payment'), names.join());
    assert.deepEqual(faults, []);
  });
});
