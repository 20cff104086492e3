import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { auditVerdict } from './audit-verdict.ts';
import { read, ROOT } from './source-files.ts';

describe('the check for known vulnerabilities', () => {
  const clean = { vulnerabilities: {}, metadata: { vulnerabilities: { total: 0 }, dependencies: { total: 321 } } };

  it('is clean when the registry knows of none', () => {
    assert.deepEqual(auditVerdict(JSON.stringify(clean)), {
      isClean: true,
      text: 'Vulnerabilities: none known in the 321 packages of the lockfile',
    });
  });

  it('fails, naming each package with what is wrong with it', () => {
    const vulnerabilities = {
      undici: { severity: 'high', via: [{ title: 'Request smuggling' }] },
      wrapper: { severity: 'high', via: ['undici'] },
    };
    const { isClean, text } = auditVerdict(
      JSON.stringify({ vulnerabilities, metadata: { vulnerabilities: { total: 2 }, dependencies: { total: 321 } } }),
    );
    assert.equal(isClean, false);
    assert.match(text, /2 known\n {2}undici: high, Request smuggling\n {2}wrapper: high, by undici/);
  });

  it('says in capitals that nothing was checked where the registry does not tell, and fails nothing', () => {
    for (const [answer, reason] of [
      ['{"message":"405 Method Not Allowed - POST https://mirror.example/advisories","error":{"summary":""}}', '405 Method Not Allowed'],
      ['{"error":{"code":"ENOAUDIT","summary":"audit endpoint returned an error"}}', 'audit endpoint returned an error'],
      ['Error: spawn npm ENOENT', 'spawn npm ENOENT'],
      ['', 'no answer in time'],
    ] as const) {
      const { isClean, text } = auditVerdict(answer);
      assert.equal(isClean, undefined);
      assert.match(text, /NOT CHECKED/);
      assert.ok(text.includes(reason), text);
    }
  });

  it('fails when it is required and nobody tells', async () => {
    const audit = (...args: readonly string[]) =>
      new Promise<number | undefined>((resolve) => {
        // Nobody answers there.
        const env = { ...process.env, npm_config_registry: 'http://127.0.0.1:9/', npm_config_fetch_retries: '0' };
        execFile(process.execPath, [join(ROOT, 'tests/audit.ts'), ...args], { env }).once('exit', (code) => resolve(code ?? undefined));
      });
    assert.deepEqual([await audit(), await audit('--required')], [0, 1]);
  });

  it('is made by CI, before the tests', () => {
    assert.match(read('.ci/run'), /^npm run --silent audit$[^]*npm test/m);
    assert.match(read('package.json'), /"audit": "node tests\/audit\.ts"/);
  });
});
