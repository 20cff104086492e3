import { globSync } from 'node:fs';
import { isAbsolute, relative } from 'node:path';

export interface Group {
  readonly name: string;
  readonly files: readonly string[];
}

const IGNORED = ['node_modules', 'coverage', 'data', '.git', '.cache'];

/** Every test file belongs to the first group whose folder it lies in. The slowest come first, so that no processor idles at the end. */
const FOLDERS: readonly (readonly [name: string, prefixes: readonly string[]])[] = [
  [
    'networked',
    [
      ...['postgres', 'eventstoredb', 'redis', 'rabbitmq', 'mongodb', 'engine'].map((engine) => `adapters/${engine}/`),
      'tests/bench/networked',
    ],
  ],
  ['faults', ['tests/faults/']],
  ['journeys', ['tests/journeys/']],
  ['adapters', ['adapters/']],
  ['services and contracts', ['']],
];

/** Needs private servers of every engine, and minutes; run when asked for. */
export const NETWORKED = 'networked';

/** All test files of the repository by group; each group runs in a process of its own. */
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
  return FOLDERS.map(([name]) => ({ name, files: files.filter((file) => groupOf(file) === name) })).filter(
    (group) => group.files.length > 0,
  );
};
