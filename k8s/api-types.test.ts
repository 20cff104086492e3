import assert from 'node:assert/strict';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import { schemaFaults, typeFaults } from './testing/api-types.ts';
import { type KubernetesObject, type Manifests, OVERLAYS, render, writtenManifests } from './testing/manifests.ts';
import { findTool, whyMissing } from './testing/tools.ts';

describe('manifests and the API', () => {
  const written = writtenManifests();

  it('are written as objects of the Kubernetes API, of KEDA and of the operators they need', async () => {
    assert.ok(written.length > 10);
    assert.deepEqual(await typeFaults(written), []);
    assert.deepEqual((await Promise.all(written.map(schemaFaults))).flat(), []);
  });

  it('are such objects after every patch of every overlay', async function () {
    if (!findTool('kustomize')) skip(this, whyMissing('kustomize'));
    const all = await Promise.all(['base', ...OVERLAYS].map(render));
    assert.deepEqual(await typeFaults(all), []);
    assert.deepEqual((await Promise.all(all.map(schemaFaults))).flat(), []);
  });

  it('would be refused with a key that the API does not know, at any depth, or with a value it does not take', async () => {
    const { objects } = written.find(({ from }) => from === 'base/gateway.yaml') as Manifests;
    const broken = (change: (deployment: any) => void): Manifests => {
      const copy = structuredClone(objects.find(({ kind }) => kind === 'Deployment')) as KubernetesObject;
      change(copy);
      return { from: 'broken', objects: [copy] };
    };
    const misspelt = broken((deployment) => (deployment.spec.template.spec.containers[0].imagePulPolicy = 'Always'));
    assert.match((await typeFaults([misspelt])).join('\n'), /broken Deployment\/gateway: .*imagePulPolicy/);
    const negative = broken((deployment) => (deployment.spec.replicas = 'three'));
    assert.match((await typeFaults([negative])).join('\n'), /string.*number/);
    assert.equal((await schemaFaults(negative)).length, 1);
  });
});
