import assert from 'node:assert/strict';
import { openSite, type Site } from '../testing/site.ts';

describe('docs page', () => {
  let site: Site;
  before(async () => {
    site = await openSite();
  });
  after(() => site[Symbol.asyncDispose]());

  it('loads its own files and nothing else, without an inline script', async () => {
    const response = await site.call('GET', '/docs');
    assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
    const html = await response.text();
    const loaded = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url ?? '');
    assert.ok(loaded.length >= 4);
    for (const url of loaded) {
      assert.match(url, /^\/docs\/[\w.-]+$/);
      const asset = await site.call('GET', url);
      assert.equal(asset.status, 200, url);
      assert.ok((await asset.arrayBuffer()).byteLength > 0, url);
    }
    assert.doesNotMatch(html, /<script(?![^>]*\ssrc=)|\son\w+=|<style/);
    assert.match(await (await site.call('GET', '/docs/start.js')).text(), /url: '\/openapi\.json'/);
  });

  it('has a policy under which the browser would refuse anything else', async () => {
    const { headers } = await site.call('GET', '/docs/');
    const policy = new Map(
      (headers.get('content-security-policy') ?? '').split('; ').map((part) => [part.split(' ')[0], part.split(' ').slice(1).join(' ')]),
    );
    assert.equal(policy.get('default-src'), "'none'");
    assert.equal(policy.get('script-src'), "'self'");
    assert.equal(policy.get('connect-src'), "'self'");
    assert.equal(policy.get('frame-ancestors'), "'none'");
    assert.doesNotMatch([...policy.values()].join(' '), /https?:|\*|unsafe-eval/);
  });

  for (const path of [
    '/docs/package.json',
    '/docs/..%2fpackage.json',
    '/docs/%2e%2e%2f%2e%2e%2fetc%2fpasswd',
    '/docs/constructor',
    '/docs/index.html',
  ])
    it(`serves nothing for ${path}`, async () => {
      assert.equal((await site.call('GET', path)).status, 404);
    });

  it('names the types of its files exactly', async () => {
    assert.equal((await site.call('GET', '/docs/swagger-ui.css')).headers.get('content-type'), 'text/css; charset=utf-8');
    assert.equal((await site.call('GET', '/docs/favicon-32x32.png')).headers.get('content-type'), 'image/png');
  });
});
