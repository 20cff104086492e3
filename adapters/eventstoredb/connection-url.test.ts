import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import { appendOf } from '@sagahub/contracts/ports/event-store-harness.contract.ts';
import { startKurrentDbDouble } from '../../tests/servers/kurrentdb-double/double.ts';
import { TEST_CERTIFICATE } from '../http/testing/certificate.ts';
import { temporaryFolder } from '../sqlite/testing/temporary-folder.ts';
import { parseConnectionUrl } from './connection-url.ts';
import { logOn } from './testing/harness.ts';

describe('URL of an event store on KurrentDB', () => {
  const problemOf = (url: string): string => {
    try {
      parseConnectionUrl(url);
    } catch (error) {
      if (error instanceof ConfigurationError) return error.message;
      throw error;
    }
    return '';
  };

  it('is written with the old scheme or the new', () => {
    for (const scheme of ['esdb', 'kurrentdb']) {
      assert.deepEqual(parseConnectionUrl(`${scheme}://node:2114?tls=false`).settings, {
        endpoint: { address: 'node', port: 2114 },
        throwOnAppendFailure: true,
      });
      assert.deepEqual(parseConnectionUrl(`${scheme}+discover://cluster`).settings, {
        discover: { address: 'cluster', port: 2113 },
        throwOnAppendFailure: true,
      });
    }
    const { settings, user } = parseConnectionUrl('esdb://hub:s%40crt@a:1,b:2?keepAliveInterval=20000');
    assert.deepEqual(settings, {
      endpoints: [
        { address: 'a', port: 1 },
        { address: 'b', port: 2 },
      ],
      keepAliveInterval: 20_000,
      throwOnAppendFailure: true,
    });
    assert.deepEqual(user, { username: 'hub', password: 's@crt' });
  });

  it('is refused when it would lose its password on the way: with TLS off', () => {
    assert.match(problemOf('esdb://hub:secret@node?tls=false'), /has a password and tls=false: it would not be sent/);
  });

  it('is refused for what is not understood, without telling the password', () => {
    for (const url of [
      'postgres://hub:secret@node',
      'esdb://hub:secret@node?tls=maybe',
      'esdb://hub:secret@node:x',
      'esdb://hub:secret@node?tlsVerifyCert=false',
      'esdb://hub:secret@node?unknown=1',
      'esdb://hub:secret@node?tlsCAFile=/nowhere.pem',
      'esdb://hub:secret@node?userCertFile=/nowhere.pem',
    ]) {
      const problem = problemOf(url);
      assert.match(problem, /hub:\*\*\*@node/, url);
      assert.doesNotMatch(problem, /secret/, url);
    }
  });

  it('leads over TLS, with the certificate authority it names and its user', async () => {
    await using folder = await temporaryFolder();
    const caFile = folder.path('ca.pem');
    await writeFile(caFile, TEST_CERTIFICATE.cert);
    await using double = await startKurrentDbDouble({ tls: TEST_CERTIFICATE });
    double.faults.requiresCredentials = true;
    const url = (user: string) => `kurrentdb://${user}localhost:${double.port}?tls=true&tlsCAFile=${encodeURIComponent(caFile)}`;
    await using harness = await logOn(url('hub:secret@'));
    assert.deepEqual(await harness.store.append(appendOf('order-1')), { revision: 0 });
    await assert.rejects(logOn(url('')), /refuses the user of its URL/);
  });
});
