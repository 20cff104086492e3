import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from './testing/manifests.ts';

interface Service {
  readonly image: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly profiles?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string; readonly required?: boolean }>>;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly [key: string]: unknown;
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly configs: Readonly<Record<string, { readonly content: string }>>;
}
const compose = parse(readFileSync(join(ROOT, 'compose.yaml'), 'utf8'), { merge: true }) as Compose;
const services = Object.entries(compose.services);
const OURS = ['gateway', 'integration-service', 'orchestration-service', 'outbound-service', 'read-model'];
/** Images of one program, with nothing in them that could ask it. */
const WITHOUT_SHELL = ['otel-collector', 'jaeger'];

describe('compose.yaml', () => {
  it('waits only for services there are, until they are healthy or have done their work', () => {
    for (const [name, { depends_on: waits = {} }] of services)
      for (const [other, { condition, required }] of Object.entries(waits)) {
        const awaited = compose.services[other];
        assert.ok(awaited, `${name} waits for ${other}`);
        const isChecked = !awaited.healthcheck?.disable && (awaited.healthcheck !== undefined || awaited.build !== undefined);
        if (condition === 'service_healthy') assert.ok(isChecked, `${name} waits for the health of ${other}, which has none`);
        if (awaited.profiles) assert.equal(required, false, `${name} waits for ${other}, which is there only with its profile`);
      }
  });

  it('starts each of the five services after its engines, read-only and without capabilities', () => {
    for (const name of OURS) {
      const service = compose.services[name];
      assert.ok(service, name);
      assert.deepEqual(service.command, [`${name}/main.ts`]);
      for (const engine of ['keys', 'postgres', 'redis', 'rabbitmq', 'mongodb'])
        assert.ok(service.depends_on?.[engine], `${name} and ${engine}`);
      assert.equal(service['read_only'], true);
      assert.deepEqual(service['cap_drop'], ['ALL']);
    }
  });

  it('checks the health of everything that stays and can be asked', () => {
    for (const [name, { healthcheck, build }] of services)
      if (!WITHOUT_SHELL.includes(name)) assert.ok(healthcheck !== undefined || build !== undefined, name);
  });

  it('pins every image, publishes ports on this machine alone and each but once, and mounts only what exists', () => {
    const published: string[] = [];
    for (const [name, { image, ports = [], volumes = [], configs = [] }] of services) {
      assert.match(image, /:v?\d+\.\d+/, name);
      for (const port of ports) {
        assert.match(port, /^127\.0\.0\.1:\d+:\d+$/, name);
        published.push(port.split(':')[1] ?? '');
      }
      for (const volume of volumes) {
        const [source = ''] = volume.split(':');
        assert.ok(source.startsWith('./') ? existsSync(join(ROOT, source)) : source in compose.volumes, `${name}: ${volume}`);
      }
      for (const { source } of configs as { source: string }[]) assert.ok(source in compose.configs, `${name}: ${source}`);
    }
    assert.equal(new Set(published).size, published.length);
  });

  it('names other services only by names they have, on ports they listen on', () => {
    const listening: Readonly<Record<string, number>> = {
      postgres: 5432,
      redis: 6379,
      rabbitmq: 5672,
      mongodb: 27_017,
      erp: 9090,
      'payment-processor': 9091,
      'otel-collector': 4318,
    };
    for (const name of OURS)
      for (const [setting, value] of Object.entries(compose.services[name]?.environment ?? {})) {
        const [, host, port] = /:\/\/(?:[^@/]*@)?([\w-]+):(\d+)/.exec(value) ?? [];
        if (host === undefined || host === 'localhost') continue;
        assert.ok(host in compose.services, `${setting}: ${value}`);
        assert.equal(Number(port), listening[host] ?? 8080, `${setting}: ${value}`);
      }
  });

  it('scrapes every service as the job that alerts and panels select', () => {
    const { scrape_configs: jobs } = parse(compose.configs['prometheus']?.content ?? '');
    assert.equal(jobs[0].job_name, 'sagahub');
    assert.deepEqual(jobs[0].dns_sd_configs[0].names.toSorted(), OURS);
    assert.equal(jobs[0].dns_sd_configs[0].port, 8081);
  });
});
