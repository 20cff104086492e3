import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../tests/child.ts';
import { type KubernetesObject, type Manifests, nameOf, ROOT } from './manifests.ts';

/** Who declares the types of a group. */
const MODULES = new Map<string, readonly [specifier: string, load: () => Promise<object>]>([
  ['v1', ['kubernetes-models/v1', () => import('kubernetes-models/v1')]],
  ['apps/v1', ['kubernetes-models/apps/v1', () => import('kubernetes-models/apps/v1')]],
  ['autoscaling/v2', ['kubernetes-models/autoscaling/v2', () => import('kubernetes-models/autoscaling/v2')]],
  ['batch/v1', ['kubernetes-models/batch/v1', () => import('kubernetes-models/batch/v1')]],
  ['networking.k8s.io/v1', ['kubernetes-models/networking.k8s.io/v1', () => import('kubernetes-models/networking.k8s.io/v1')]],
  ['policy/v1', ['kubernetes-models/policy/v1', () => import('kubernetes-models/policy/v1')]],
  ['keda.sh/v1alpha1', ['@kubernetes-models/keda/keda.sh/v1alpha1', () => import('@kubernetes-models/keda/keda.sh/v1alpha1')]],
]);

const typeOf = ({ apiVersion, kind }: KubernetesObject): string => {
  const [specifier = join(import.meta.dirname, 'custom-resources.ts')] = MODULES.get(apiVersion) ?? [];
  return `import(${JSON.stringify(specifier)}).I${kind}`;
};

/**
 * What the compiler says of the objects as values of the API's types: unknown keys, missing ones, wrong kinds of values. Beside `validate()`,
 * which lets unknown keys pass.
 */
export const typeFaults = async (all: readonly Manifests[]): Promise<readonly string[]> => {
  const objects = all.flatMap(({ from, objects: some }) => some.map((object) => ({ from, object })));
  const folder = await mkdtemp(join(tmpdir(), 'sagahub-manifests-'));
  try {
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
    // One object a line: the line of a message leads back to it.
    await writeFile(
      join(folder, 'objects.ts'),
      objects.map(({ object }, index) => `export const o${index}: ${typeOf(object)} = ${JSON.stringify(object)};`).join('\n'),
    );
    const compilerOptions = {
      noEmit: true,
      strict: true,
      skipLibCheck: true,
      module: 'nodenext',
      target: 'esnext',
      types: [],
      allowImportingTsExtensions: true,
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['objects.ts'] }));
    let output = '';
    const code = await runCommand(folder, 'typescript', ['--project', folder, '--pretty', 'false'], process.env, (text) => {
      output += text;
    }).exited;
    if (code === 0) return [];
    return output
      .trim()
      .split('\n')
      .map((line) => {
        const [, number, message] = /^objects\.ts\((\d+),\d+\): (.*)$/.exec(line) ?? [];
        const found = objects[Number(number) - 1];
        return found ? `${found.from} ${nameOf(found.object)}: ${message}` : line;
      });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** What the API's schemas say: formats, bounds and patterns that types cannot tell. */
export const schemaFaults = async ({ from, objects }: Manifests): Promise<readonly string[]> => {
  const faults: string[] = [];
  for (const object of objects) {
    const [, load] = MODULES.get(object.apiVersion) ?? [];
    if (!load) continue;
    const module = (await load()) as Record<string, new (data: unknown) => { validate(): void }>;
    const Model = module[object.kind];
    if (!Model) {
      faults.push(`${from} ${nameOf(object)}: ${object.apiVersion} has no such kind`);
      continue;
    }
    try {
      new Model(object).validate();
    } catch (error) {
      faults.push(`${from} ${nameOf(object)}: ${(error as Error).message}`);
    }
  }
  return faults;
};
