import { type KubernetesObject, nameOf, ofKind } from './manifests.ts';
import { jobsOf, networkPoliciesOf, scalersOf, selects, type Workload, workloadsOf } from './workloads.ts';

/** Says what of a workload breaks the rule; nothing when it is kept. */
type Check = (workload: Workload) => readonly (string | false | undefined)[];
const VOLUMES = new Set([
  'configMap',
  'downwardAPI',
  'emptyDir',
  'projected',
  'secret',
  'csi',
  'persistentVolumeClaim',
  'ephemeral',
  'image',
]);
const RESOURCES = ['cpu', 'memory', 'ephemeral-storage'];
const perContainer =
  (
    check: (container: Readonly<Record<string, any>>, pod: Readonly<Record<string, any>>) => readonly (string | false | undefined)[],
  ): Check =>
  ({ containers, pod }) =>
    containers.flatMap((container) => check(container, pod));

/** What kube-score and the restricted Pod Security Standard ask for, and what the hub asks of itself; by the sentence a test can print. */
export const POLICIES: Readonly<Record<string, Check>> = {
  'has a startup, a liveness and a readiness probe that ask different questions': perContainer(
    ({ startupProbe, livenessProbe, readinessProbe }) => [
      startupProbe?.httpGet?.path !== '/health/startup' && 'no startup probe',
      livenessProbe?.httpGet?.path !== '/health/live' && 'no liveness probe',
      readinessProbe?.httpGet?.path !== '/health/ready' && 'no readiness probe',
      startupProbe && startupProbe.periodSeconds * startupProbe.failureThreshold < 30 && 'too little time to start',
    ],
  ),
  'requests and limits CPU, memory and ephemeral storage': perContainer(({ resources = {} }) =>
    ['requests', 'limits'].flatMap((kind) => RESOURCES.map((name) => resources[kind]?.[name] === undefined && `no ${kind} of ${name}`)),
  ),
  'pulls a pinned version of its image, always': perContainer(({ image, imagePullPolicy }) => [
    !/:\d+\.\d+\.\d+[^:/]*$|@sha256:/.test(image) && `${image} is not pinned`,
    imagePullPolicy !== 'Always' && 'imagePullPolicy is not Always',
  ]),
  'runs as a user and a group above 10000, without privileges, on a read-only file system': perContainer(
    ({ securityContext = {} }, pod) => {
      const { securityContext: ofPod = {} } = pod;
      const { runAsUser, runAsGroup, runAsNonRoot } = { ...ofPod, ...securityContext };
      return [
        !(runAsUser >= 10_000 && runAsGroup >= 10_000 && runAsNonRoot === true) && `runs as ${runAsUser}:${runAsGroup}`,
        securityContext.privileged === true && 'is privileged',
        securityContext.allowPrivilegeEscalation !== false && 'may gain privileges',
        !securityContext.capabilities?.drop?.includes('ALL') && 'keeps capabilities',
        (securityContext.capabilities?.add ?? []).length > 0 && 'adds capabilities',
        securityContext.readOnlyRootFilesystem !== true && 'may write to its file system',
        (securityContext.seccompProfile ?? ofPod.seccompProfile)?.type !== 'RuntimeDefault' && 'has no seccomp profile',
      ];
    },
  ),
  'shares nothing with its node': ({ pod, containers }) => [
    ...['hostNetwork', 'hostPID', 'hostIPC'].map((name) => pod[name] === true && name),
    ...containers.flatMap(({ ports = [] }) =>
      ports.map(({ hostPort }: { hostPort?: number }) => hostPort !== undefined && `hostPort ${hostPort}`),
    ),
    ...(pod['volumes'] ?? []).flatMap(({ name, ...source }: { name: string }) =>
      Object.keys(source).map((kind) => !VOLUMES.has(kind) && `volume ${name} is a ${kind}`),
    ),
  ],
  'has an account of its own, and no token of it': ({ pod, among, object }) => [
    pod['automountServiceAccountToken'] !== false && 'mounts a token',
    !ofKind(among, 'ServiceAccount').some(({ metadata }) => metadata.name === pod['serviceAccountName']) && 'its account does not exist',
    pod['serviceAccountName'] !== object.metadata.name && `shares the account ${pod['serviceAccountName']}`,
    pod['enableServiceLinks'] !== false && 'gets the addresses of all services as environment variables',
  ],
  'may talk and be talked to only as network policies allow, and look names up': (workload) => {
    const egress = networkPoliciesOf(workload, 'Egress').flatMap(({ spec }) => spec.egress ?? []);
    const isDenied = (direction: 'Ingress' | 'Egress') =>
      networkPoliciesOf(workload, direction).some(
        ({ spec }) => Object.keys(spec.podSelector).length === 0 && !spec[direction.toLowerCase()],
      );
    return [
      !isDenied('Ingress') && 'incoming traffic is not denied by default',
      !isDenied('Egress') && 'outgoing traffic is not denied by default',
      !['UDP', 'TCP'].every((protocol) =>
        egress.some(({ ports }) => ports?.some((port: any) => port.port === 53 && port.protocol === protocol)),
      ) && 'no name can be looked up',
      egress.some(({ to }) => !to) && 'may reach everything',
    ];
  },
  'survives the draining of a node: a budget that allows one pod to go': ({ object, podLabels, among }) => {
    if (object['spec'].replicas === 1) return [];
    const budgets = ofKind(among, 'PodDisruptionBudget').filter(({ spec }) => selects(spec.selector, podLabels));
    return [
      budgets.length !== 1 && `${budgets.length} budgets`,
      ...budgets.map(
        ({ spec }) => (spec.maxUnavailable !== 1 || spec.unhealthyPodEvictionPolicy !== 'AlwaysAllow') && 'its budget can block a node',
      ),
    ];
  },
  'has three replicas, or one scaler that owns their number; or is the only pod on its volume': (workload) => {
    const { replicas, volumeClaimTemplates = [] } = workload.object['spec'];
    const scalers = scalersOf(workload);
    if (workload.object.kind === 'StatefulSet')
      return [!(replicas === 1 && volumeClaimTemplates.length === 1) && 'not one pod with one volume'];
    return [
      scalers.length > 1 && `scaled by ${scalers.map(nameOf).join(' and ')}`,
      scalers.length === 0 && replicas !== 3 && `${replicas} replicas`,
      scalers.length === 1 && replicas !== undefined && 'replicas are set beside a scaler',
      ...scalers.map(({ spec }) => (spec.minReplicas ?? spec.minReplicaCount) < 3 && 'may be scaled below 3'),
    ];
  },
  'is spread over nodes and zones': ({ pod, podLabels }) => {
    const terms = pod['affinity']?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    const apart = terms.some(
      ({ podAffinityTerm: { topologyKey, labelSelector } }: any) =>
        topologyKey === 'kubernetes.io/hostname' && selects(labelSelector, podLabels),
    );
    const spread = (pod['topologySpreadConstraints'] ?? []).some(
      ({ topologyKey, labelSelector }: any) => topologyKey === 'topology.kubernetes.io/zone' && selects(labelSelector, podLabels),
    );
    return [!apart && 'no anti-affinity', !spread && 'no spread'];
  },
  'is selected by what is meant to select it, and by one Service for each port that it serves': ({
    object,
    podLabels,
    containers,
    among,
  }) => {
    const ports = new Set(containers.flatMap((container) => (container['ports'] ?? []).map(({ name }: { name: string }) => name)));
    const services = ofKind(among, 'Service').filter(({ spec }) => selects({ matchLabels: spec.selector }, podLabels));
    const served: readonly string[] = services.flatMap(({ spec }) => spec.ports.map(({ targetPort }: any) => targetPort));
    return [
      !selects(object['spec'].selector, podLabels) && 'its own selector misses it',
      services.length === 0 && 'no service',
      ...served.map((port) => served.indexOf(port) !== served.lastIndexOf(port) && `several services on port ${port}`),
      ...services.flatMap(({ spec }) => [
        !['ClusterIP', undefined].includes(spec.type) && `its service is a ${spec.type}`,
        ...spec.ports.map(({ targetPort }: any) => !ports.has(targetPort) && `no port ${targetPort}`),
      ]),
    ];
  },
  'takes settings from a ConfigMap that is there': ({ containers, among }) =>
    containers
      .flatMap(({ envFrom = [] }) => envFrom.map(({ configMapRef }: any) => configMapRef.name as string))
      .map((wanted) => !ofKind(among, 'ConfigMap').some(({ metadata }) => metadata.name === wanted) && `no ConfigMap ${wanted}`),
};

/** What goes for a Job too, which serves nobody and ends. */
const OF_JOBS: readonly (keyof typeof POLICIES)[] = [
  'requests and limits CPU, memory and ephemeral storage',
  'pulls a pinned version of its image, always',
  'runs as a user and a group above 10000, without privileges, on a read-only file system',
  'shares nothing with its node',
  'has an account of its own, and no token of it',
  'may talk and be talked to only as network policies allow, and look names up',
  'takes settings from a ConfigMap that is there',
];

/** Every broken rule of every workload, as `Deployment/gateway: rule (what)`. */
export const brokenPolicies = (objects: readonly KubernetesObject[]): readonly string[] => [
  ...workloadsOf(objects).flatMap((workload) => brokenBy(workload, Object.keys(POLICIES))),
  ...jobsOf(objects).flatMap((job) => brokenBy(job, OF_JOBS)),
];

const brokenBy = (workload: Workload, rules: readonly string[]): readonly string[] =>
  rules.flatMap((rule) => {
    const faults = POLICIES[rule]?.(workload).filter(Boolean) ?? ['there is no such rule'];
    return faults.length > 0 ? [`${workload.name}: ${rule} (${faults.join(', ')})`] : [];
  });
