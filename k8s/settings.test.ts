import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig, type Setting, type Settings } from '@sagahub/contracts/config.ts';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import { readHubConfig, settingGroups } from '@sagahub/hub/config.ts';
import { networkedSettings } from '@sagahub/hub/networked/settings.ts';
import { parse } from 'yaml';
import { ofKind, OVERLAYS, render, ROOT } from './testing/manifests.ts';
import { findTool, whyMissing } from './testing/tools.ts';
import { workloadsOf } from './testing/workloads.ts';

type Environment = Readonly<Record<string, string>>;
const SETTINGS = [...Object.values<Settings>(settingGroups), networkedSettings].flatMap((group) => Object.values<Setting>(group));
const KNOWN = new Set(SETTINGS.flatMap(({ env, secret }) => (secret ? [env, `${env}_FILE`] : [env])));
/** Node's own. */
const OF_NODE = ['NODE_ENV', 'NODE_COMPILE_CACHE', 'NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS'];

const image = Object.fromEntries(
  [...readFileSync(join(ROOT, 'Dockerfile'), 'utf8').matchAll(/^(?:ENV| {3}) ([A-Z_]+)=(\S+)/gm)].map((match) => [match[1], match[2]]),
) as Environment;

/** What stands in the files of secrets whose form is checked. */
const IN_FILES: Environment = {
  HUB_EVENT_STORE_URL: 'esdb://hub:secret@kurrentdb:2113?tls=true',
  HUB_POSTGRES_URL: 'postgres://hub:secret@postgres/hub',
  HUB_REDIS_URL: 'rediss://:secret@redis',
  HUB_RABBITMQ_URL: 'amqps://hub:secret@rabbitmq',
  HUB_INBOX_URL: 'amqps://hub:secret@rabbitmq/partners',
  HUB_EVENTS_URL: 'amqps://hub:secret@rabbitmq/events',
  HUB_MONGODB_URL: 'mongodb+srv://hub:secret@mongodb/hub',
  HUB_PAYMENT_CALLBACK_SECRET: 'whsec_c2VjcmV0IG9mIHRoZSBjYWxsYmFja3M=',
};
/** What a process would read where every secret file holds something, and whoever starts compose has set nothing. */
const asRead = (environment: Environment): Record<string, string> =>
  Object.fromEntries(
    Object.entries({ ...image, ...environment }).map(([name, value]) =>
      name.endsWith('_FILE') && KNOWN.has(name)
        ? [name.slice(0, -5), IN_FILES[name.slice(0, -5)] ?? 'what stands in the file']
        : [name, value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1')],
    ),
  );
const assertUnderstood = (environment: Environment, of: string): void => {
  for (const name of Object.keys(environment)) assert.ok(KNOWN.has(name) || OF_NODE.includes(name), `${of}: nothing reads ${name}`);
  const env = asRead(environment);
  const config = readHubConfig(env);
  assert.equal(config.gateway.host, '0.0.0.0', of);
  assert.equal(config.gateway.managementHost, '0.0.0.0', of);
  assert.equal(config.gateway.port, 8080, of);
  assert.equal(config.gateway.managementPort, 8081, of);
  assert.ok(config.outbound.erpUrl, `${of}: ERP_URL`);
  if (config.hub.profile !== 'networked') return;
  const { masterKey, ...others } = networkedSettings;
  readConfig(of.endsWith('orchestration-service') ? others : { masterKey, ...others }, env);
  assert.ok(config.gateway.signingKey, `${of}: HUB_SIGNING_KEY`);
};

describe('settings of the deployments', () => {
  it('are known to the image', () => {
    assert.ok(Object.keys(image).length >= 4);
    for (const name of Object.keys(image)) assert.ok(KNOWN.has(name) || OF_NODE.includes(name), name);
  });

  it('are all there in every overlay, mean what a process takes, and nothing else is set', async function () {
    if (!findTool('kustomize')) skip(this, whyMissing('kustomize'));
    for (const folder of OVERLAYS) {
      const { objects } = await render(folder);
      for (const { name, containers } of workloadsOf(objects))
        for (const { env = [], envFrom = [] } of containers) {
          const maps = envFrom.map(
            ({ configMapRef }: any) => ofKind(objects, 'ConfigMap').find(({ metadata }) => metadata.name === configMapRef.name)?.['data'],
          );
          const own = Object.fromEntries(env.map(({ name: key, value }: { name: string; value: string }) => [key, value]));
          assertUnderstood(Object.assign({}, ...maps, own), `${folder} ${name}`);
        }
    }
  });

  it('are all there in compose, mean what a process takes, and nothing else is set', () => {
    const { services } = parse(readFileSync(join(ROOT, 'compose.yaml'), 'utf8'), { merge: true });
    const ours = Object.entries<any>(services).filter(([, { environment }]) => environment?.HUB_PROFILE);
    assert.equal(ours.length, 5);
    for (const [name, { environment }] of ours) assertUnderstood(environment, name);
  });

  it('let a pod live as long as a process takes to end: the pause before SIGTERM, then the longest shutdown', async function () {
    if (!findTool('kustomize')) skip(this, whyMissing('kustomize'));
    const deadlines = ['hub/networked/process.ts', 'hub/cli/start.ts'].map((path) =>
      Number(/STOP_DEADLINE_MS = ([\d_]+)/.exec(readFileSync(join(ROOT, path), 'utf8'))?.[1]?.replaceAll('_', '')),
    );
    for (const folder of OVERLAYS)
      for (const { name, pod, containers } of workloadsOf((await render(folder)).objects)) {
        const pauseSeconds = containers[0]?.['lifecycle'].preStop.sleep.seconds;
        for (const deadlineMs of deadlines) {
          assert.ok(pauseSeconds * 1_000 + deadlineMs < pod['terminationGracePeriodSeconds'] * 1_000, `${folder} ${name}`);
          assert.ok(readHubConfig({ HUB_DRAIN_TIMEOUT: '25s' }).gateway.drainTimeoutMs < deadlineMs);
        }
      }
  });
});
