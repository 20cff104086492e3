import { globSync, readFileSync } from 'node:fs';
import { dirname, join, posix, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '..');
const IGNORED = new Set(['node_modules', 'coverage', 'data', '.git', '.cache']);

export const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Files of the repository, as paths from its root with `/`. */
export const filesOf = (...patterns: readonly string[]): readonly string[] =>
  globSync([...patterns], { cwd: ROOT, exclude: (path) => IGNORED.has(path.split(/[/\\]/).at(-1) ?? '') })
    .map((path) => path.replaceAll('\\', '/'))
    .sort();

export interface SourceFile {
  readonly path: string;
  readonly text: string;
  /** What it imports: packages and built-ins by name, the repository's own files by their path from the root. */
  readonly imports: readonly string[];
  /** Tests and what only they use may reach across every border. */
  readonly isTest: boolean;
}

const STATEMENTS = [
  /^(?:import|export)\b[^;'"]*?\bfrom\s+'([^']+)'/gm,
  /^import\s+'([^']+)'/gm,
  /\bimport\(\s*'([^']+)'\s*\)/g,
  /\b(?:import\.meta|createRequire\(import\.meta\.url\))\.resolve\(\s*'([^']+)'\s*\)/g,
];

/** `./x.ts` and `@sagahub/contracts/x.ts` become paths of the repository; anything else stays. */
const resolved = (path: string, specifier: string): string => {
  if (specifier.startsWith('.')) return posix.join(dirname(path), specifier);
  return specifier.startsWith('@sagahub/') ? specifier.slice('@sagahub/'.length) : specifier;
};

export const sourceFiles = (): readonly SourceFile[] =>
  filesOf('**/*.ts', '**/*.mjs').map((path) => {
    const text = read(path);
    const specifiers = STATEMENTS.flatMap((statement) => [...text.matchAll(statement)].map((match) => match[1] ?? ''));
    return {
      path,
      text,
      imports: [...new Set(specifiers.map((specifier) => resolved(path, specifier)))],
      isTest: /^(tests|observability|k8s|docs)\//.test(path) || /\.(test|contract)\.ts$/.test(path) || path.includes('/testing/'),
    };
  });

export const isOwn = (imported: string): boolean => imported.includes('/') && FOLDERS.has(imported.split('/')[0] ?? '');
/** `zod` of `zod/v4`, `@scope/name` of `@scope/name/file.js`; `undefined` for our own files and for Node's. */
export const packageOf = (imported: string): string | undefined => {
  if (isOwn(imported) || imported.startsWith('node:')) return undefined;
  return imported
    .split('/')
    .slice(0, imported.startsWith('@') ? 2 : 1)
    .join('/');
};

const FOLDERS = new Set([
  'contracts',
  'adapters',
  'gateway',
  'integration-service',
  'orchestration-service',
  'outbound-service',
  'read-model',
  'simulators',
  'hub',
  'tests',
  'observability',
  'k8s',
  'console',
]);
