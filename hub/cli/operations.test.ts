import assert from 'node:assert/strict';
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WELL_BEHAVED } from '@sagahub/simulators/erp/behaviour.ts';
import { HubProcess } from '../harness/hub-process.ts';
import { anOrder } from '../harness/orders.ts';
import { until } from '../harness/until.ts';
import { EXIT } from './exit-codes.ts';
import { beside, jsonLines, sagahub } from './testing/command-line.ts';

describe('sagahub for operators and auditors', () => {
  let hub: HubProcess;
  const cli = beside(() => hub);
  const path = (name: string): string => join(hub.folder, name);
  before(async function () {
    hub = await HubProcess.start({ env: { HUB_ERP_RETRY_DELAYS: '10ms', HUB_BREAKER_FAILURES: '100' } });
    for (const number of ['OPS-1', 'OPS-2', 'OPS-3'])
      await hub.client('demo').post('/api/v1/orders', anOrder(number), { prefer: 'wait=10' });
  });
  after(() => hub?.[Symbol.asyncDispose]());

  it('prints a token that the API takes, narrowed as asked', async () => {
    const { stdout } = await cli(['token', '--client', 'operator', '--scope', 'orders:read']);
    const bearer = { authorization: `Bearer ${stdout.trim()}` };
    assert.equal((await fetch(`${hub.url}/api/v1/orders`, { headers: bearer })).status, 200);
    assert.equal((await fetch(`${hub.url}/api/v1/admin/partners`, { headers: bearer })).status, 403);
  });

  it('sees, opens and closes breakers, and tells the auditor who did it', async () => {
    assert.match((await cli(['breakers', 'list'])).stdout, /^erp +closed/m);
    assert.match((await cli(['breakers', 'open', 'erp', '--reason', 'maintenance'])).stdout, /state +open/);
    assert.match((await cli(['breakers', 'close', 'erp', '--reason', 'it is back'])).stdout, /state +closed/);
    const { stdout } = await cli(['breakers', 'show', 'erp']);
    assert.match(stdout, /closed +client:operator +it is back[^]*open +client:operator +maintenance/);
    const acts = await until(
      'the acts being shown',
      () => cli(['audit', 'operators', '--object', 'breakers/erp']),
      (shown) => /closeBreaker +breakers\/erp +done/.test(shown.stdout),
    );
    assert.match(acts.stdout, /operator +openBreaker +breakers\/erp +done +\S*127\.0\.0\.1 +maintenance/);
    assert.equal((await cli(['breakers', 'show', 'crm'])).code, EXIT.notFound);
  });

  it('adds partners whose clients work at once, and rotates their secrets', async () => {
    const added = await cli(['partners', 'add', 'acme', '--name', 'ACME', '--client', 'acme-edi', '--json']);
    assert.equal(added.code, EXIT.ok, added.stderr);
    const { client } = JSON.parse(added.stdout);
    const asAcme = (secret: string) => ({ HUB_CLIENT_ID: 'acme-edi', HUB_CLIENT_SECRET: secret });
    assert.equal((await cli(['orders', 'list'], asAcme(client.clientSecret))).stdout.trim(), 'no orders');
    const rotated = await cli(['partners', 'rotate-secret', 'acme-edi', '--overlap', '0', '--json']);
    const [former, fresh, again, list] = await Promise.all([
      cli(['orders', 'list'], asAcme(client.clientSecret)),
      cli(['orders', 'list'], asAcme(JSON.parse(rotated.stdout).clientSecret)),
      cli(['partners', 'add', 'acme', '--name', 'Another']),
      cli(['partners', 'list']),
    ]);
    assert.deepEqual([former.code, fresh.code, again.code], [EXIT.unauthorized, EXIT.ok, EXIT.refused]);
    assert.match(list.stdout, /acme +ACME +active +\d+[^\n]*acme-edi +active/);
  });

  it('loads stock from a file, in batches, naming the SKUs that are refused', async () => {
    writeFileSync(path('stock.csv'), `sku,available\n${Array.from({ length: 25 }, (_, i) => `STK-${i},${i}`).join('\n')}\n`);
    const loaded = await cli(['stock', 'import', path('stock.csv'), '--batch', '10']);
    assert.equal(loaded.stdout.trim(), '25 levels loaded', loaded.stderr);
    const { body } = await hub.client('operator').get('/api/v1/admin/inventory/STK-24');
    assert.equal(body.free, '24');
    writeFileSync(path('stock.csv'), 'sku,available\nGOOD,1\nBAD,-1\n');
    const refused = await cli(['stock', 'import', path('stock.csv')]);
    assert.equal(refused.code, EXIT.refused);
    assert.match(refused.stderr, /BAD: must not be negative/);
  });

  it('shows dead letters, redrives them, and refuses what has moved on', async () => {
    await hub.erp.behave({ failureRate: 1 });
    const { body } = await hub.client('demo').post('/api/v1/orders', anOrder('DEAD-1'));
    await until(
      'a dead letter',
      async () => jsonLines(await cli(['dead-letters', 'list', '--json']))[0],
      (letters) => letters.length === 1,
    );
    const [letter] = JSON.parse((await cli(['dead-letters', 'list', '--json'])).stdout);
    assert.equal(letter.objectId, body.orderId);
    const [shown, causes] = await Promise.all([
      cli(['dead-letters', 'show', letter.deadLetterId]),
      cli(['dead-letters', 'list', '--causes']),
    ]);
    assert.match(shown.stdout, /order number +DEAD-1[^]*"total": "87\.70"/);
    assert.match(causes.stdout, /1 +erp/);
    await hub.erp.behave(WELL_BEHAVED);
    assert.equal((await cli(['dead-letters', 'redrive', letter.deadLetterId])).code, EXIT.usage, 'a reason is needed');
    const redriven = await cli(['dead-letters', 'redrive', '--all', '--reason', 'the ERP is well again']);
    assert.match(redriven.stderr, /finished: 1 applied/);
    assert.equal((await cli(['orders', 'watch', body.orderId])).code, EXIT.ok);
    const [jobs, rehearsed] = await Promise.all([
      cli(['redrives', 'list']),
      cli(['redrives', 'start', letter.deadLetterId, '--dry-run', '--reason', 'is anything left?']),
    ]);
    assert.match(jobs.stdout, /finished +1 +1 applied/);
    assert.match(rehearsed.stdout, /DEAD-1 +skipped/);
    const late = await cli(['dead-letters', 'discard', letter.deadLetterId, '--reason', 'too late']);
    assert.deepEqual([late.code, (await cli(['dead-letters', 'show', 'none'])).code], [EXIT.refused, EXIT.notFound]);
  });

  it('tells how current the read model is, compares it with the log, and rebuilds it', async () => {
    const [status, drift] = await Promise.all([cli(['projections', 'status']), cli(['projections', 'drift', '--json'])]);
    assert.match(status.stdout, /orders +0 +0\.0 +0 +running/);
    assert.ok(jsonLines(drift).every(({ drifted, finished }) => drifted === 0 && finished));
    const rebuilt = await cli(['projections', 'rebuild', 'orders', '--json']);
    assert.equal(JSON.parse(rebuilt.stdout).finished, true, rebuilt.stderr);
    const all = await cli(['rebuild', '--json']);
    assert.equal(all.code, EXIT.ok, all.stderr);
    const steps: { step: string; done: number }[] = JSON.parse(all.stdout);
    assert.deepEqual(
      steps
        .filter(({ done }) => done > 0)
        .slice(0, 3)
        .map(({ step }) => step),
      ['log verified', 'orders rebuilt', 'orders compared'],
    );
    assert.equal(steps.at(-1)?.step, 'stock and discounts compared');
    assert.equal((await cli(['projections', 'drift', 'nonsense'])).code, EXIT.notFound);
  });

  it('exports the log and goes on where an export was cut off, with personal data only when asked', async () => {
    const exported = path('log.ndjson');
    assert.equal((await cli(['events', 'export', '--to', exported])).code, EXIT.ok);
    const whole = readFileSync(exported, 'utf8');
    assert.doesNotMatch(whole, /Ada Keller/);
    truncateSync(exported, Math.floor(whole.length / 2));
    const resumed = await cli(['events', 'export', '--to', exported, '--json']);
    assert.ok(JSON.parse(resumed.stdout).events > 0);
    assert.ok(readFileSync(exported, 'utf8').startsWith(whole));
    const tail = await cli(['events', 'tail', '--since', '1h', '--type', 'OrderReceived', '--no-follow', '--personal', '--json']);
    assert.match(tail.stdout, /Ada Keller/);
    assert.ok(jsonLines(tail).every(({ type }) => type === 'OrderReceived'));
    writeFileSync(exported, 'something else\n');
    assert.equal((await cli(['events', 'export', '--to', exported])).code, EXIT.refused);
  });

  it('verifies the running hub, its folder and an export, and names what was done to a copy', async () => {
    const exported = path('proof.ndjson');
    await cli(['events', 'export', '--to', exported]);
    const lines = readFileSync(exported, 'utf8').trim().split('\n');
    const victim = lines.findIndex((line) => line.includes('"OrderReceived"'));
    const { stream } = JSON.parse(lines[victim]!);
    writeFileSync(path('edited.ndjson'), lines.map((line) => line.replace('"quantity":"3"', '"quantity":"4"')).join('\n'));
    writeFileSync(path('removed.ndjson'), lines.filter((_, index) => index !== victim).join('\n'));
    const swapped = lines.with(victim, lines[victim + 1]!).with(victim + 1, lines[victim]!);
    writeFileSync(path('swapped.ndjson'), swapped.join('\n'));
    const verify = (...args: readonly string[]) => cli(['audit', 'verify', ...args]);
    const [online, folder, file, edited, removed, moved, short] = await Promise.all([
      verify(),
      verify('--data-dir', hub.dataFolder, '--json'),
      verify('--file', exported),
      verify('--file', path('edited.ndjson')),
      verify('--file', path('removed.ndjson')),
      verify('--file', path('swapped.ndjson')),
      verify('--file', exported, '--at-least', String(lines.length + 1_000)),
    ]);
    assert.deepEqual([online.code, folder.code, file.code], [EXIT.ok, EXIT.ok, EXIT.ok], online.stderr + folder.stderr + file.stderr);
    assert.match(online.stdout, /^intact: \d+ events/);
    for (const [fraud, kind] of [
      [edited, 'edited'],
      [removed, 'removed'],
      [moved, 'removed|moved'],
    ] as const) {
      assert.equal(fraud.code, EXIT.failed);
      assert.match(fraud.stdout, new RegExp(`NOT INTACT: (${kind}) at position ${victim + 1}, ${stream}`));
    }
    assert.match(short.stdout, /its end was removed/);
  });

  it('replays history, online and from an export, and compares it with the read model', async () => {
    const exported = path('replay.ndjson');
    await cli(['events', 'export', '--to', exported]);
    const { body } = await hub.client('demo').get('/api/v1/orders?orderNumber=OPS-1');
    const [{ orderId }] = body.items;
    const [online, file, one, past, unknown] = await Promise.all([
      cli(['audit', 'replay', '--json']),
      cli(['audit', 'replay', '--file', exported]),
      cli(['audit', 'replay', '--order', orderId]),
      cli(['audit', 'replay', '--file', exported, '--at', '2020-01-01T00:00:00Z']),
      cli(['audit', 'replay', '--order', '00000000-0000-4000-8000-000000000000']),
    ]);
    const comparisons = jsonLines(online).filter(({ kind }) => kind === 'comparison');
    assert.ok(comparisons.length >= 3 && comparisons.every(({ verdict }) => verdict === 'same'));
    assert.match(file.stderr, /compared with the read model: \d+ same\n$/);
    assert.match(one.stdout, /0 +\S+ \S+ +OrderReceived +received[^]*OrderCompleted +completed/);
    assert.match(past.stderr, /^0 steps/);
    assert.equal(unknown.code, EXIT.notFound);
  });

  it('backs a running hub up and restores it; a backup that was touched is refused', async () => {
    const [backup, restored] = [path('backup'), path('restored')];
    const made = await cli(['backup', '--to', backup, '--json']);
    assert.equal(made.code, EXIT.ok, made.stderr);
    assert.deepEqual(
      JSON.parse(made.stdout).files.map(({ name }: { name: string }) => name),
      ['log.db', 'keys.db', 'demo-credentials.json'],
    );
    assert.equal((await cli(['backup', '--to', backup])).code, EXIT.refused, 'the folder is not empty');
    assert.equal((await cli(['restore', '--from', backup, '--to', hub.dataFolder])).code, EXIT.refused);
    assert.equal((await cli(['restore', '--from', backup, '--to', restored])).code, EXIT.ok);
    assert.equal((await cli(['rebuild', '--holds'])).code, EXIT.refused, 'a hub runs on it');
    const holds = await cli(['rebuild', '--holds', '--data-dir', restored]);
    assert.match(holds.stdout, /^\d+ SKUs and 0 codes with \d+ holds/, holds.stderr);
    const verified = await sagahub(['audit', 'verify', '--data-dir', restored, '--json']);
    assert.equal(JSON.parse(verified.stdout).head, JSON.parse(made.stdout).position);
    truncateSync(join(backup, 'keys.db'), 100);
    const touched = await cli(['restore', '--from', backup, '--to', path('never')]);
    assert.equal(touched.code, EXIT.failed);
    assert.match(touched.stderr, /keys\.db is not the file that was backed up/);
    assert.ok(!existsSync(path('never')));
  });

  it('finds nothing to do about a healthy hub, and says what to do about a sick one', async () => {
    const env = { ERP_URL: hub.erp.url, PORT: new URL(hub.url).port };
    const well = await cli(['doctor', '--json'], env);
    assert.equal(well.code, EXIT.ok, well.stdout);
    assert.deepEqual(
      jsonLines(well)
        .filter(({ verdict, detail }) => verdict !== 'ok' && !detail.startsWith('HUB_TEST_'))
        .map(({ detail }) => detail),
      [],
    );
    const sick = await cli(['doctor'], {
      ERP_URL: 'http://127.0.0.1:1',
      HUB_DATA_DIR: path('fresh'),
      PORT: env.PORT,
      HUB_ERP_TIMEOU: '5s',
      HUB_CLIENT_ID: 'nobody',
      HUB_CLIENT_SECRET: 'x',
    });
    assert.equal(sick.code, EXIT.failed);
    assert.match(sick.stdout, /! configuration +HUB_ERP_TIMEOU[^]*did you mean HUB_ERP_TIMEOUT\?/);
    assert.match(sick.stdout, /✖ API port +127\.0\.0\.1:\d+ cannot be used \(EADDRINUSE\)[^]*→ stop what listens there/);
    assert.match(sick.stdout, /✖ ERP +[^\n]*ECONNREFUSED/);
    assert.match(sick.stdout, /✖ credentials +the hub gives the client nobody no token/);
    const broken = await cli(['doctor'], { HUB_ERP_TIMEOUT: 'soon', PORT: 'x' });
    assert.equal(broken.code, EXIT.failed);
    assert.match(broken.stdout, /✖ configuration +PORT[^]*✖ configuration +HUB_ERP_TIMEOUT/);
  });
});
