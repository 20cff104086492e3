import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { findTool, runTool } from './tools.ts';

export const K8S = resolve(import.meta.dirname, '..');
export const ROOT = resolve(K8S, '..');
export const OVERLAYS = globSync('overlays/*/', { cwd: K8S })
  .map((path) => path.replaceAll('\\', '/').replace(/\/$/, ''))
  .sort();

/** Deep, and known only by its kind: tests read it as it comes. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: any;
}
export interface Manifests {
  /** Folder or file, from `k8s/`. */
  readonly from: string;
  readonly objects: readonly KubernetesObject[];
}

export const nameOf = ({ kind, metadata }: KubernetesObject): string => `${kind}/${metadata.name}`;
export const ofKind = (objects: readonly KubernetesObject[], ...kinds: readonly string[]): readonly KubernetesObject[] =>
  objects.filter(({ kind }) => kinds.includes(kind));

const parsed = (text: string): KubernetesObject[] =>
  parseAllDocuments(text, { uniqueKeys: true }).flatMap((document) => {
    if (document.errors[0]) throw document.errors[0];
    const value = document.toJS() as KubernetesObject | null;
    return value ? [value] : [];
  });

const read = (path: string): any => parsed(readFileSync(join(K8S, path), 'utf8'));
const kustomizations = (): readonly string[] => globSync('**/kustomization.yaml', { cwd: K8S }).map((path) => path.replaceAll('\\', '/'));

/** The objects as they are written, before any patch; patches and kustomizations are none. */
export const writtenManifests = (): readonly Manifests[] =>
  kustomizations().flatMap((path) => {
    const folder = path.replace(/\/?kustomization\.yaml$/, '');
    const { resources = [] } = read(path)[0] as { resources?: readonly string[] };
    return resources
      .filter((resource) => resource.endsWith('.yaml'))
      .map((resource) => ({ from: `${folder}/${resource}`, objects: read(`${folder}/${resource}`) }));
  });

const rendered = new Map<string, Promise<Manifests>>();
/** What would be applied. @throws Error kustomize refuses it */
export const render = (folder: string): Promise<Manifests> => {
  let known = rendered.get(folder);
  if (!known) rendered.set(folder, (known = renderNow(folder)));
  return known;
};
const renderNow = async (folder: string): Promise<Manifests> => {
  const kustomize = findTool('kustomize') ?? [];
  const isKubectl = kustomize.length > 1;
  const { code, stdout, stderr } = await runTool(kustomize, [...(isKubectl ? [] : ['build']), join(K8S, folder)]);
  if (code !== 0) throw new Error(`${folder}: ${stderr}`);
  return { from: folder, objects: parsed(stdout) };
};
