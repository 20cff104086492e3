import assert from 'node:assert/strict';
import { METRICS, SPANS } from '@sagahub/contracts/telemetry-names.ts';
import { filesOf, isOwn, packageOf, read, sourceFiles } from './source-files.ts';

const files = sourceFiles();
const production = files.filter((file) => !file.isTest);
const inFolder = (folder: string) => (path: string) => path.startsWith(`${folder}/`);
const SERVICES = ['gateway', 'integration-service', 'orchestration-service', 'outbound-service', 'read-model'];

/** Who may import whose files, outside tests. `main.ts` composes a process of its own, like `hub`. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  contracts: ['contracts'],
  adapters: ['contracts', 'adapters'],
  simulators: ['contracts', 'simulators'],
  ...Object.fromEntries(SERVICES.map((service) => [service, ['contracts', service]])),
};

/** Where a package may be imported, outside tests. What is not listed may be imported nowhere. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  zod: ['contracts', 'adapters', ...SERVICES, 'hub'],
  'decimal.js': ['contracts'],
  uuid: ['contracts'],
  express: ['adapters/http'],
  helmet: ['adapters/http'],
  undici: ['adapters/http'],
  jose: ['gateway'],
  'rate-limiter-flexible': ['gateway'],
  'swagger-ui-dist': ['gateway'],
  cockatiel: ['outbound-service', 'gateway'],
  standardwebhooks: ['outbound-service'],
  winston: ['adapters/telemetry'],
  '@eventstore/db-client': ['adapters/eventstoredb'],
  '@grpc/grpc-js': ['adapters/grpc'],
  '@grpc/proto-loader': ['adapters/grpc'],
  ioredis: ['adapters/redis'],
  pg: ['adapters/postgres'],
  amqplib: ['adapters/rabbitmq'],
  mongodb: ['adapters/mongodb'],
  '@opentelemetry/api': ['adapters/telemetry'],
  '@opentelemetry/resources': ['adapters/telemetry'],
  '@opentelemetry/sdk-metrics': ['adapters/telemetry'],
  '@opentelemetry/sdk-trace': ['adapters/telemetry'],
  '@opentelemetry/exporter-prometheus': ['adapters/telemetry'],
  '@opentelemetry/exporter-trace-otlp-http': ['adapters/telemetry'],
  commander: ['hub'],
  esbuild: ['hub/bundle'],
  'cli-table3': ['hub'],
  'cli-progress': ['hub'],
  'csv-parse': ['hub'],
  'csv-stringify': ['hub'],
  luxon: ['hub'],
  // Node's own, where they are drivers. The process adapter locks a data folder with a database of its own.
  'node:sqlite': ['adapters/sqlite', 'adapters/process'],
  'node:http': ['adapters/http', 'simulators'],
  'node:https': ['adapters/http'],
};

const DEVELOPMENT_FILES = '{.c8rc,.mocharc,.oxlintrc,biome,package,tsconfig}.json';

describe('architecture', () => {
  it('lets imports run from services and adapters to contracts, and from hub and tests to all', () => {
    const violations = production.flatMap(({ path, imports }) => {
      const allowed = path.endsWith('/main.ts') ? undefined : MAY_IMPORT[path.split('/')[0] ?? ''];
      if (!allowed) return [];
      return imports
        .filter((imported) => isOwn(imported) && !allowed.some((folder) => inFolder(folder)(imported)))
        .map((imported) => `${path} imports ${imported}`);
    });
    assert.deepEqual(violations, []);
  });

  it('imports test helpers and simulators from nothing that runs in production', () => {
    const violations = production.flatMap(({ path, imports }) =>
      imports
        .filter((imported) => isOwn(imported))
        .filter(
          (imported) =>
            /\/testing\/|\.(test|contract)\.ts$|^tests\//.test(imported) ||
            (imported.startsWith('simulators/') && !/^(hub|simulators)\//.test(path)),
        )
        .map((imported) => `${path} imports ${imported}`),
    );
    assert.deepEqual(violations, []);
  });

  it('keeps the saga engine free of flows and of every package', () => {
    const engine = production.filter(({ path }) => path.startsWith('orchestration-service/engine/'));
    assert.ok(engine.length > 0);
    const violations = engine.flatMap(({ path, imports }) =>
      imports
        .filter((imported) => packageOf(imported) !== undefined || /\/flows\//.test(imported))
        .map((imported) => `${path} imports ${imported}`),
    );
    assert.deepEqual(violations, []);
  });

  it('imports each package, and each driver that Node brings, only in its own folder', () => {
    const violations = production.flatMap(({ path, imports }) =>
      imports
        .map((imported) => packageOf(imported) ?? imported)
        .filter((name) => name in PACKAGES || packageOf(name) !== undefined)
        .filter((name) => !(PACKAGES[name] ?? []).some((folder) => inFolder(folder)(path)))
        .map((name) => `${path} imports ${name}`),
    );
    assert.deepEqual(violations, []);
  });

  it('pins every dependency exactly, uses it, and lists it with its reason', () => {
    const listed = new Set([...read('docs/dependencies.md').matchAll(/`([@\w][\w./-]*)`/g)].map((match) => match[1] ?? ''));
    const imported = new Set(files.flatMap((file) => file.imports.map(packageOf)));
    const configuration = filesOf(DEVELOPMENT_FILES).map(read).join('\n');
    const faults: string[] = [];
    const declared = new Set<string>();
    for (const manifest of filesOf('package.json', '*/package.json')) {
      const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read(manifest)) as Record<
        string,
        Record<string, string> | undefined
      >;
      for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })) {
        declared.add(name);
        if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) faults.push(`${manifest}: ${name} is not pinned: ${version}`);
        if (!listed.has(name)) faults.push(`${manifest}: ${name} is not in docs/dependencies.md`);
        const isTool =
          /^(@types\/|node-(linux|win)-)/.test(name) ||
          configuration.includes(`node_modules/${name}/`) ||
          /^(c8|mocha|oxlint-tsgolint|typescript)$/.test(name);
        if (!isTool && !imported.has(name)) faults.push(`${manifest}: ${name} is not imported anywhere`);
      }
    }
    for (const name of Object.keys(PACKAGES))
      if (!name.startsWith('node:') && !declared.has(name))
        faults.push(`${name} is not a dependency, and stands in the table of this test`);
    assert.deepEqual(faults, []);
  });

  it('lists every error code in docs/errors.md, and none that is not used', () => {
    const settings = new Set(
      files.flatMap(({ text }) => [...text.matchAll(/\b(?:env|setting)(?::\s*|\[)'(HUB_\w+)'/g)].map((match) => match[1])),
    );
    const codes = production
      .flatMap(({ text }) => [...text.matchAll(/'(HUB_[A-Z_]+)'/g)].map((match) => match[1] ?? ''))
      .filter((code) => !settings.has(code));
    const documented = [...read('docs/errors.md').matchAll(/^\| `(HUB_[A-Z_]+)` \|/gm)].map((match) => match[1] ?? '');
    assert.deepEqual(
      documented.filter((code, index) => documented.indexOf(code) !== index),
      [],
      'documented twice',
    );
    assert.deepEqual(documented.toSorted(), [...new Set(codes)].sort());
  });

  it('emits every metric and starts every span that telemetry-names declares', () => {
    const emitters = production.filter(({ path }) => path !== 'contracts/telemetry-names.ts');
    const isUsed = (catalogue: string, key: string, name: string): boolean => {
      const reference = new RegExp(`\\b${catalogue}\\.${key}\\b|'${name}'`);
      return emitters.some(({ text }) => reference.test(text));
    };
    const unused = [
      ...Object.entries(METRICS).filter(([key, { name }]) => !isUsed('METRICS', key, name)),
      // A name in braces is put together by whoever starts the span.
      ...Object.entries(SPANS).filter(([key, { name }]) => !name.startsWith('{') && !isUsed('SPANS', key, name)),
    ];
    assert.deepEqual(
      unused.map(([, { name }]) => name),
      [],
    );
  });

  it('names files in kebab-case and keeps them below 400 lines', () => {
    const violations = files.flatMap(({ path, text }) => {
      const lines = text.split('\n').length - 1;
      return [
        ...(/^[a-z0-9-]+(\.[a-z0-9-]+)*\.(ts|mjs)$/.test(path.split('/').at(-1) ?? '') ? [] : [`${path} is not in kebab-case`]),
        ...(lines > 400 && !path.startsWith('tests/generated/') ? [`${path} has ${lines} lines`] : []),
      ];
    });
    assert.deepEqual(violations, []);
  });

  it('holds no path of one machine and nothing left to do', () => {
    const texts = filesOf('**/*.{ts,mjs,md,json,yml,yaml,html,css}', '.ci/*').filter((path) => path !== 'package-lock.json');
    const violations = texts.flatMap((path) =>
      read(path)
        .split('\n')
        .flatMap((line, index) =>
          /(?<![\w.}-])\/(?:home|root|Users|work)\/\w|\b(?:TO{1}DO|FIX{1}ME)\b/.test(line) ? [`${path}:${index + 1} ${line.trim()}`] : [],
        ),
    );
    assert.deepEqual(violations, []);
  });
});
