import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '@sagahub/contracts/config.ts';
import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import { outboundSettings, restErpOptions } from './config.ts';

const options = (env: Record<string, string>, simulatorUrl?: string) => restErpOptions(readConfig(outboundSettings, env), simulatorUrl);

describe('outbound configuration', () => {
  it('has the defaults of the design', () => {
    const config = readConfig(outboundSettings, {});
    assert.deepEqual(config.retryDelaysMs, [1_000, 2_000, 4_000, 8_000, 16_000]);
    assert.deepEqual([config.erpTimeoutMs, config.breakerFailures, config.breakerWindowMs], [30_000, 5, 10_000]);
  });

  it('uses the simulator only when no ERP is named', () => {
    assert.equal(options({}, 'http://127.0.0.1:9').url, 'http://127.0.0.1:9');
    assert.equal(options({ ERP_URL: 'https://erp.example/api' }, 'http://127.0.0.1:9').url, 'https://erp.example/api');
    assert.throws(() => options({}), /ERP_URL: set it/);
  });

  it('names every credential that is missing at once', () => {
    const problemsOf = (auth: string): readonly string[] => {
      try {
        options({ ERP_URL: 'https://erp.example', ERP_AUTH: auth });
      } catch (error) {
        if (error instanceof ConfigurationError) return error.problems.map((problem) => problem.split(':')[0]!);
      }
      return [];
    };
    assert.deepEqual(problemsOf('none'), []);
    assert.deepEqual(problemsOf('bearer'), ['ERP_TOKEN or ERP_TOKEN_FILE']);
    assert.deepEqual(problemsOf('basic'), ['ERP_USER', 'ERP_PASSWORD or ERP_PASSWORD_FILE']);
    assert.deepEqual(problemsOf('oauth2'), ['ERP_TOKEN_URL', 'ERP_CLIENT_ID', 'ERP_CLIENT_SECRET or ERP_CLIENT_SECRET_FILE']);
  });

  it('reads secrets from files', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'erp-secret-'));
    await writeFile(join(folder, 'token'), 'from-a-file\n');
    const { auth } = options({ ERP_URL: 'https://erp.example', ERP_AUTH: 'bearer', ERP_TOKEN_FILE: join(folder, 'token') });
    await rm(folder, { recursive: true });
    assert.deepEqual(auth, { kind: 'bearer', token: 'from-a-file' });
  });

  it('refuses retry delays that are none', () => {
    assert.throws(() => options({ HUB_ERP_RETRY_DELAYS: '1s,soon' }), /HUB_ERP_RETRY_DELAYS: must be durations/);
  });
});
