import assert from 'node:assert/strict';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import { type KubernetesObject, nameOf, ofKind, OVERLAYS, render } from './testing/manifests.ts';
import { brokenPolicies, POLICIES } from './testing/policies.ts';
import { findTool, runTool, whyMissing } from './testing/tools.ts';
import { jobsOf, networkPoliciesOf, scalersOf, selects, workloadsOf } from './testing/workloads.ts';
import { stringify } from 'yaml';

const SERVICES = ['gateway', 'integration-service', 'orchestration-service', 'outbound-service', 'read-model'];
const PRIVATE = ['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'];
/** Not private, and nothing a third party has: the hub itself refuses these too, whatever a subscriber's name stands for. */
const CLOSED = ['0.0.0.0/8', '168.63.129.16/32', '192.0.0.0/24', '198.18.0.0/15', '224.0.0.0/4', '240.0.0.0/4'];

describe('manifests, rendered', () => {
  before(function () {
    if (!findTool('kustomize')) skip(this, whyMissing('kustomize'));
  });

  for (const folder of ['base', ...OVERLAYS])
    it(`keep every policy: ${folder}`, async () => {
      const { objects } = await render(folder);
      const names = workloadsOf(objects).map(({ object }) => object.metadata.name);
      assert.deepEqual(names.toSorted(), folder === 'overlays/embedded' ? ['hub'] : SERVICES);
      assert.deepEqual(brokenPolicies(objects), []);
    });

  it('satisfy kube-score, but for what is ignored with a reason', async function () {
    const kubeScore = findTool('kube-score');
    if (!kubeScore) return skip(this, whyMissing('kube-score'));
    for (const folder of ['base', ...OVERLAYS]) {
      const { objects } = await render(folder);
      const input = objects.map((object) => stringify(object)).join('---\n');
      const { stdout, stderr } = await runTool(
        kubeScore,
        ['score', '-', '-o', 'ci', '--enable-optional-test', 'container-seccomp-profile'],
        input,
      );
      assert.match(stdout, /^\[OK\]/m, stderr);
      assert.deepEqual(stdout.match(/^\[(WARNING|CRITICAL)\].*$/gm) ?? [], [], folder);
    }
  });

  it('break a policy for each way in which a pod can be made worse', async () => {
    const { objects } = await render('overlays/production');
    const worse: readonly (readonly [rule: keyof typeof POLICIES, change: (pod: any, object: any, all: any[]) => void])[] = [
      [
        'has a startup, a liveness and a readiness probe that ask different questions',
        (pod) => (pod.containers[0].readinessProbe.httpGet.path = '/health/live'),
      ],
      ['requests and limits CPU, memory and ephemeral storage', (pod) => delete pod.containers[0].resources.limits['ephemeral-storage']],
      ['pulls a pinned version of its image, always', (pod) => (pod.containers[0].image = 'registry.example/sagahub:latest')],
      [
        'runs as a user and a group above 10000, without privileges, on a read-only file system',
        (pod) => (pod.containers[0].securityContext.runAsUser = 0),
      ],
      ['shares nothing with its node', (pod) => pod.volumes.push({ name: 'socket', hostPath: { path: '/run' } })],
      ['has an account of its own, and no token of it', (pod) => delete pod.automountServiceAccountToken],
      [
        'may talk and be talked to only as network policies allow, and look names up',
        (_pod, _object, all) => remove(all, 'NetworkPolicy/default-deny'),
      ],
      [
        'survives the draining of a node: a budget that allows one pod to go',
        (_pod, _object, all) => remove(all, 'PodDisruptionBudget/gateway'),
      ],
      [
        'has three replicas, or one scaler that owns their number; or is the only pod on its volume',
        (_pod, object) => (object.spec.replicas = 3),
      ],
      ['is spread over nodes and zones', (pod) => delete pod.affinity],
      [
        'is selected by what is meant to select it, and by one Service for each port that it serves',
        (pod) => (pod.containers[0].ports[0].name = 'web'),
      ],
      ['takes settings from a ConfigMap that is there', (pod) => (pod.containers[0].envFrom[0].configMapRef.name = 'settings')],
    ];
    assert.deepEqual(worse.map(([rule]) => rule).toSorted(), Object.keys(POLICIES).toSorted());
    for (const [rule, change] of worse) {
      const copies = structuredClone(objects) as any[];
      const gateway = copies.find((object) => nameOf(object) === 'Deployment/gateway');
      change(gateway.spec.template.spec, gateway, copies);
      const broken = brokenPolicies(copies);
      assert.ok(
        broken.some((fault) => fault.startsWith(`Deployment/gateway: ${rule} (`)),
        `${rule}: ${broken.join('; ') || 'nothing broken'}`,
      );
    }
  });

  it('bring the schemas up to date by a Job that goes after its end, and let no service have the URL of their owner', async () => {
    for (const folder of OVERLAYS.filter((one) => one !== 'overlays/embedded')) {
      const { objects } = await render(folder);
      const [job, ...others] = jobsOf(objects);
      assert.ok(job && others.length === 0, folder);
      assert.match(job.containers[0]?.['args'].join(' '), /^hub\/bin\/sagahub\.mjs migrate /);
      assert.ok(job.object['spec'].ttlSecondsAfterFinished > 0);
      assert.equal(job.object.metadata.annotations?.['argocd.argoproj.io/hook-delete-policy'], 'BeforeHookCreation');
      const [service] = workloadsOf(objects);
      assert.equal(job.containers[0]?.['image'], service?.containers[0]?.['image'], `${folder}: of one release`);
      assert.deepEqual(
        ofKind(objects, 'Service').filter(({ spec }) => selects({ matchLabels: spec.selector }, job.podLabels)),
        [],
      );
      const having = [...workloadsOf(objects), job].filter(({ pod }) =>
        JSON.stringify(pod['volumes'] ?? []).includes('"secretName":"owner"'),
      );
      assert.deepEqual(
        having.map(({ name }) => name),
        ['Job/migrate'],
        folder,
      );
    }
  });

  it('give the master key to every service but the one that seals and opens nothing', async () => {
    for (const folder of ['base', ...OVERLAYS.filter((one) => one !== 'overlays/embedded')])
      for (const { object, pod, containers } of workloadsOf((await render(folder)).objects)) {
        const isMeant = object.metadata.name !== 'orchestration-service';
        const { secret } = pod['volumes'].find(({ name }: { name: string }) => name === 'engines');
        const isMounted = secret.items === undefined || secret.items.some(({ key }: { key: string }) => key === 'master-key');
        const isRead = (containers[0]?.['env'] ?? []).some(({ name }: { name: string }) => name === 'HUB_MASTER_KEY_FILE');
        assert.deepEqual([isMounted, isRead], [isMeant, isMeant], `${folder} ${object.metadata.name}`);
      }
  });

  it('scale what answers at 70 % CPU, and what works by hints and the oldest open work', async () => {
    const { objects } = await render('overlays/production');
    const kinds = Object.fromEntries(workloadsOf(objects).map((workload) => [workload.object.metadata.name, scalersOf(workload)[0]?.kind]));
    assert.deepEqual(kinds, {
      gateway: 'HorizontalPodAutoscaler',
      'integration-service': 'HorizontalPodAutoscaler',
      'orchestration-service': 'ScaledObject',
      'outbound-service': 'ScaledObject',
      'read-model': 'HorizontalPodAutoscaler',
    });
    for (const { spec } of ofKind(objects, 'HorizontalPodAutoscaler'))
      assert.deepEqual(spec.metrics[0].resource, { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } });
    for (const { spec } of ofKind(objects, 'ScaledObject')) {
      assert.deepEqual(
        spec.triggers.map(({ type }: any) => type),
        ['rabbitmq', 'postgresql'],
      );
      for (const { metadata, authenticationRef } of spec.triggers) {
        assert.ok(
          Object.values(metadata).every((value) => typeof value === 'string'),
          'KEDA takes strings alone',
        );
        assert.ok(ofKind(objects, 'TriggerAuthentication').some((object) => object.metadata.name === authenticationRef.name));
      }
    }
  });

  it('let no service but the one that calls third parties reach public addresses, and that one nothing private', async () => {
    for (const folder of ['base', ...OVERLAYS]) {
      const { objects } = await render(folder);
      for (const workload of workloadsOf(objects)) {
        const blocks = networkPoliciesOf(workload, 'Egress')
          .flatMap(({ spec }) => spec.egress ?? [])
          .flatMap(({ to }) => to as { ipBlock?: { cidr: string; except?: string[] } }[])
          .flatMap(({ ipBlock }) => (ipBlock ? [ipBlock] : []));
        const open = blocks.filter(({ cidr }) => cidr === '0.0.0.0/0');
        const mayCallOut = ['outbound-service', 'hub'].includes(workload.object.metadata.name);
        assert.equal(open.length, mayCallOut ? 1 : 0, `${folder} ${workload.name}`);
        for (const { except = [] } of open)
          for (const range of [...PRIVATE, ...CLOSED]) assert.ok(except.includes(range), `${folder}: ${range} can be reached`);
        for (const { cidr } of blocks.filter((block) => !open.includes(block))) assert.match(cidr, /^(10|172\.16|192\.168)\./, folder);
      }
    }
  });

  it('give production its inbox of orders, its broker of events and its alerts, each to the one service that has them', async () => {
    const { objects } = await render('overlays/production');
    const readers = (setting: string) =>
      workloadsOf(objects)
        .filter(({ containers }) => containers.some(({ env = [] }) => env.some(({ name }: { name: string }) => name === setting)))
        .map(({ object }) => object.metadata.name);
    assert.deepEqual(readers('HUB_INBOX_URL_FILE'), ['integration-service']);
    assert.deepEqual(readers('HUB_EVENTS_URL_FILE'), ['outbound-service']);
    for (const setting of ['HUB_ALERT_URL', 'HUB_ALERT_SECRET_FILE']) assert.deepEqual(readers(setting), ['outbound-service'], setting);
  });

  it('let the Ingress reach the gateway alone, over TLS 1.3 at least, under the name that tokens are issued for', async () => {
    const { objects } = await render('overlays/production');
    const ingresses = ofKind(objects, 'Ingress');
    const [tls] = ofKind(objects, 'TLSOption') as [KubernetesObject];
    assert.equal(tls['spec'].minVersion, 'VersionTLS13');
    const backends: string[] = [];
    for (const { metadata, spec } of ingresses) {
      const [{ host, http }] = spec.rules;
      backends.push(...http.paths.map(({ backend }: any) => `${host} ${backend.service.name}`));
      assert.deepEqual(spec.tls[0].hosts, [host]);
      const options = metadata.annotations?.['traefik.ingress.kubernetes.io/router.tls.options'];
      assert.equal(options, `${tls.metadata.namespace}-${tls.metadata.name}@kubernetescrd`);
    }
    assert.deepEqual(backends.toSorted(), ['grpc.hub.example.com gateway-grpc', 'hub.example.com gateway']);
    for (const name of ['gateway', 'gateway-grpc']) {
      const service = ofKind(objects, 'Service').find(({ metadata }) => metadata.name === name);
      assert.equal(service?.['spec'].selector['app.kubernetes.io/component'], 'gateway', name);
    }
    assert.equal(settingsIn(objects)['HUB_PUBLIC_URL'], 'https://hub.example.com');
  });

  it('run in a namespace that enforces the restricted profile', async () => {
    for (const folder of OVERLAYS) {
      const { objects } = await render(folder);
      const [namespace] = ofKind(objects, 'Namespace') as [KubernetesObject];
      for (const mode of ['enforce', 'audit', 'warn'])
        assert.equal(namespace.metadata.labels?.[`pod-security.kubernetes.io/${mode}`], 'restricted');
      for (const object of objects)
        if (object.kind !== 'Namespace') assert.equal(object.metadata.namespace, namespace.metadata.name, nameOf(object));
    }
  });
});

const settingsIn = (objects: readonly KubernetesObject[]): Record<string, string> =>
  ofKind(objects, 'ConfigMap').find(({ metadata }) => metadata.name.startsWith('settings-'))?.['data'];
const remove = (objects: KubernetesObject[], name: string): void => {
  objects.splice(
    objects.findIndex((object) => nameOf(object) === name),
    1,
  );
};
