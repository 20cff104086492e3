import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import { readNetworkedConfig } from './config.ts';

const COMPLETE = {
  HUB_POSTGRES_URL: 'postgres://hub:secret@db/hub',
  HUB_REDIS_URL: 'rediss://cache',
  HUB_RABBITMQ_URL: 'amqps://broker',
  HUB_MONGODB_URL: 'mongodb+srv://views',
  HUB_MASTER_KEY: randomBytes(32).toString('base64'),
  HUB_SIGNING_KEY: generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  ERP_URL: 'https://erp.example/api',
};

const problemsOf = (env: Readonly<Record<string, string>>): readonly string[] => {
  try {
    readNetworkedConfig(env);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigurationError);
    return error.problems;
  }
};

describe('configuration of the networked profile', () => {
  it('takes one that is complete', () => {
    assert.deepEqual(problemsOf(COMPLETE), []);
  });

  it('names everything that is missing in one message, and what to do about it', () => {
    const problems = problemsOf({});
    for (const setting of ['HUB_POSTGRES_URL', 'HUB_REDIS_URL', 'HUB_RABBITMQ_URL', 'HUB_MONGODB_URL', 'HUB_MASTER_KEY'])
      assert.ok(
        problems.some((problem) => problem.startsWith(`${setting}: is needed in the networked profile; set it, or ${setting}_FILE`)),
        `${setting} is not named in:\n${problems.join('\n')}`,
      );
    assert.match(problems.join('\n'), /HUB_SIGNING_KEY_FILE: .*openssl genpkey/);
    assert.match(problems.join('\n'), /ERP_URL: .*set it to the address of the ERP/);
    assert.equal(problems.length, 7);
  });

  it('asks a process that seals and opens nothing for no master key, nor looks at one', () => {
    const { HUB_MASTER_KEY: _, ...others } = COMPLETE;
    for (const env of [others, { ...others, HUB_MASTER_KEY_FILE: '/nowhere' }])
      assert.equal(readNetworkedConfig(env, { needsKeys: false }).settings.masterKey, '');
  });

  it('needs no signing key where another issuer makes the tokens', () => {
    const { HUB_SIGNING_KEY: _, ...others } = COMPLETE;
    assert.deepEqual(problemsOf({ ...others, HUB_OAUTH_ISSUER: 'https://id.example', HUB_OAUTH_JWKS_URL: 'https://id.example/keys' }), []);
  });

  for (const [setting, value, remedy] of [
    ['HUB_POSTGRES_URL', 'mysql://hub:secret@db', /must begin with postgres:\/\/ or postgresql:\/\//],
    ['HUB_REDIS_URL', 'cache:6379', /must begin with redis:\/\/ or rediss:\/\//],
    ['HUB_RABBITMQ_URL', 'http://broker', /must begin with amqp:\/\/ or amqps:\/\//],
    ['HUB_MONGODB_URL', 'views', /must begin with mongodb:\/\/ or mongodb\+srv:\/\//],
    ['HUB_EVENT_STORE_URL', 'nats://log', /must begin with .*kurrentdb\+discover:\/\//],
    ['HUB_MASTER_KEY', 'short', /line 1 is no key of 32 bytes .*openssl rand/],
  ] as const)
    it(`refuses ${setting}=${value}, and tells no password`, () => {
      const [problem = '', ...others] = problemsOf({ ...COMPLETE, [setting]: value });
      assert.ok(problem.startsWith(`${setting}: `), problem);
      assert.match(problem, remedy);
      assert.doesNotMatch(problem, /secret/);
      assert.deepEqual(others, []);
    });
});
