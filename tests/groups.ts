import { globSync } from 'node:fs';
import { isAbsolute, relative } from 'node:path';

export interface Group {
  readonly name: string;
  readonly files: readonly string[];
  /** Set for its process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Its coverage is not taken: it starts many processes of what other groups cover, which would take twice as long to start. */
  readonly unmeasured?: boolean;
  /** It runs while no other does: it finds out what the machine can take, and offers a multiple of that. */
  readonly alone?: boolean;
}

const IGNORED = ['node_modules', 'coverage', 'data', '.git', '.cache'];

const OVERLOAD = 'overload';
const JOURNEYS = 'journeys';
const MANY_PROCESSES = 'networked processes';
const UNDER_FIRE = 'networked processes under fire';
const FAULTS = 'faults';
const ENGINES = 'networked';
const ON_POSTGRES = 'journeys on PostgreSQL';
const ON_KURRENTDB = 'journeys on KurrentDB';
const ADAPTERS = 'adapters';
const REST = 'services and contracts';

/** Every test file belongs to the first group whose folder it lies in. */
const FOLDERS: readonly (readonly [name: string, prefixes: readonly string[]])[] = [
  [OVERLOAD, ['tests/faults/overload', 'tests/faults/networked/overload', 'tests/faults/flood']],
  [MANY_PROCESSES, ['tests/faults/networked/kurrentdb', 'tests/networked/', 'tests/upgrade/', 'tests/bench/networked']],
  [UNDER_FIRE, ['tests/faults/networked/']],
  [ENGINES, ['postgres', 'eventstoredb', 'redis', 'rabbitmq', 'mongodb'].map((engine) => `adapters/${engine}/`)],
  [FAULTS, ['tests/faults/']],
  [JOURNEYS, ['tests/journeys/']],
  [ADAPTERS, ['adapters/']],
  [REST, ['']],
];

/** Those that read or write the log in different ways. */
const OF_THE_LOG = [
  'awkward-moments',
  'consumers',
  'erasure',
  'first-order',
  'history',
  'operator-audit',
  'payments',
  'tenants',
  'undoing',
  'webhook-recovery',
].map((journey) => `tests/journeys/${journey}.test.ts`);
/** What comes first, and what ends every process in between. */
const ON_BOTH = ['awkward-moments', 'first-order'].map((journey) => `tests/journeys/${journey}.test.ts`);

/** Takes some ten minutes more. */
const EVERYWHERE = process.env['HUB_TEST_EVERY_JOURNEY'] === 'true';

/**
 * The journeys once more, unchanged, on real engines: each on one of the two logs, since starting a hub for it is what takes the time, or on both with
 * `HUB_TEST_EVERY_JOURNEY`, each in five processes. What the logs have in common is in the contract suite of their port, which both pass.
 */
const NETWORKED_JOURNEYS: readonly { readonly name: string; readonly profile: string; readonly has: (journey: string) => boolean }[] = [
  { name: ON_POSTGRES, profile: 'networked-postgres', has: (journey) => !OF_THE_LOG.includes(journey) || ON_BOTH.includes(journey) },
  { name: ON_KURRENTDB, profile: 'networked-kurrentdb', has: (journey) => OF_THE_LOG.includes(journey) },
];

/** The slowest come first, so that no processor idles at the end. */
const TURNS = [OVERLOAD, UNDER_FIRE, FAULTS, MANY_PROCESSES, ON_POSTGRES, ENGINES, JOURNEYS, REST, ON_KURRENTDB, ADAPTERS];
const turnOf = ({ name }: Group): number => TURNS.indexOf(name);

/**
 * All test files of the repository by group; each group runs in a process of its own. Files that are named run once, in the profile of
 * `HUB_TEST_PROFILE`.
 */
export const testGroups = (root: string, only: readonly string[] = []): readonly Group[] => {
  const wanted = new Set(only.map((file) => (isAbsolute(file) ? relative(root, file) : file).replaceAll('\\', '/')));
  const files = globSync('**/*.test.ts', {
    cwd: root,
    exclude: (path) => IGNORED.some((name) => path === name || path.endsWith(`/${name}`)),
  })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => wanted.size === 0 || wanted.has(file))
    .sort();
  const groupOf = (file: string) => FOLDERS.find(([, prefixes]) => prefixes.some((prefix) => file.startsWith(prefix)))?.[0];
  const groups: Group[] = FOLDERS.map(([name]) => ({
    name,
    files: files.filter((file) => groupOf(file) === name),
    ...([OVERLOAD, MANY_PROCESSES, UNDER_FIRE, FAULTS, JOURNEYS].includes(name) && { unmeasured: true }),
    ...(name === OVERLOAD && { alone: true }),
  }));
  const all = groups.find(({ name }) => name === JOURNEYS)?.files ?? [];
  const networked = NETWORKED_JOURNEYS.map(({ name, profile, has }) => ({
    name,
    files: all.filter((journey) => EVERYWHERE || has(journey)),
    env: { HUB_TEST_PROFILE: profile },
    unmeasured: true,
  }));
  return [...(wanted.size === 0 ? networked : []), ...groups]
    .filter((group) => group.files.length > 0)
    .toSorted((a, b) => turnOf(a) - turnOf(b));
};
