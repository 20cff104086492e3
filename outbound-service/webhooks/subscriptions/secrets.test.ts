import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { openSqliteKeyStore } from '@sagahub/adapters/sqlite/key-store.ts';
import { temporaryFolder } from '@sagahub/adapters/sqlite/testing/temporary-folder.ts';
import { Webhook } from 'standardwebhooks';
import { WebhookSecrets } from './secrets.ts';

describe('webhook secrets', () => {
  /** Of the Standard Webhooks reference. */
  it('sign as the published vector says', () => {
    const body =
      '{"type":"order.confirmed","timestamp":"2025-10-09T08:53:20Z","data":{"orderId":"ord_42","partner":"acme","status":"confirmed"}}';
    const signer = new Webhook('whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=');
    assert.equal(signer.sign('msg_2b1f0c7e9a', new Date(1_760_000_000_000), body), 'v1,zgSSqg+jDoQSkocBzvNdZsz+sRPRwGgp1ENhCQjrVlU=');
  });

  it('are drawn once per version, whoever asks at the same time, and sign with their decoded bytes', async () => {
    await using folder = await temporaryFolder();
    await using keys = await openSqliteKeyStore({ path: folder.path('keys.db') });
    const secrets = new WebhookSecrets(keys);
    const [first, second] = await Promise.all([secrets.create('s', 1), secrets.create('s', 1)]);
    assert.equal(first, second);
    assert.match(first, /^whsec_[A-Za-z0-9+/]{43}=$/);
    assert.notEqual(await secrets.create('s', 2), first);
    const signer = await secrets.signer('s', 1);
    const mac = createHmac('sha256', Buffer.from(first.slice(6), 'base64'))
      .update('m.1760000000.{}')
      .digest('base64');
    assert.equal(signer?.sign('m', new Date(1_760_000_000_000), '{}'), `v1,${mac}`);
    await secrets.delete('s', [1]);
    assert.equal(await secrets.signer('s', 1), undefined);
  });
});
