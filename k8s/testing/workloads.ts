import { type KubernetesObject, nameOf, ofKind } from './manifests.ts';

/** A Deployment or StatefulSet among the objects it is applied with. */
export interface Workload {
  readonly name: string;
  readonly object: KubernetesObject;
  readonly pod: Readonly<Record<string, any>>;
  readonly podLabels: Readonly<Record<string, string>>;
  readonly containers: readonly Readonly<Record<string, any>>[];
  readonly among: readonly KubernetesObject[];
}

export const workloadsOf = (among: readonly KubernetesObject[]): readonly Workload[] => ofKinds(among, 'Deployment', 'StatefulSet');
/** What runs once and ends. */
export const jobsOf = (among: readonly KubernetesObject[]): readonly Workload[] => ofKinds(among, 'Job');

const ofKinds = (among: readonly KubernetesObject[], ...kinds: readonly string[]): readonly Workload[] =>
  ofKind(among, ...kinds).map((object) => {
    const { metadata, spec: pod } = object['spec'].template;
    return {
      name: nameOf(object),
      object,
      pod,
      podLabels: metadata.labels,
      containers: [...(pod.initContainers ?? []), ...pod.containers],
      among,
    };
  });

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}
/** An empty selector selects everything. */
export const selects = ({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Readonly<Record<string, string>>): boolean =>
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
  matchExpressions.every(({ key, operator, values = [] }) => {
    const value = labels[key];
    if (operator === 'In') return value !== undefined && values.includes(value);
    if (operator === 'NotIn') return value === undefined || !values.includes(value);
    return (operator === 'Exists') === (value !== undefined);
  });

/** HorizontalPodAutoscalers and ScaledObjects of a workload. */
export const scalersOf = ({ object, among }: Workload): readonly KubernetesObject[] =>
  ofKind(among, 'HorizontalPodAutoscaler', 'ScaledObject').filter(
    ({ spec }) => spec.scaleTargetRef.name === object.metadata.name && (spec.scaleTargetRef.kind ?? 'Deployment') === object.kind,
  );

/** Policies of one direction that select the workload's pods. */
export const networkPoliciesOf = ({ podLabels, among }: Workload, direction: 'Ingress' | 'Egress'): readonly KubernetesObject[] =>
  ofKind(among, 'NetworkPolicy').filter(({ spec }) => spec.policyTypes.includes(direction) && selects(spec.podSelector, podLabels));
