import assert from 'node:assert/strict';
import type { ApiRequest } from '@sagahub/contracts/api/route.ts';
import { NotFoundError, ValidationError } from '@sagahub/contracts/errors.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import { OPERATOR_FACES } from './flows.ts';
import { objectActRoutes } from './object-acts.ts';

const ID = '0b5e7f4e-5a53-5f0e-9c39-5b8a1f0d9f11';
const principal = { clientId: 'op', partnerId: 'hub', scopes: new Set(['admin'] as const), rateLimitPerMinute: 0 };

/** What each flow is asked for: the stream and the command. */
const actOn = async (face: (typeof OPERATOR_FACES)[number], act: string, body: object, { exists = true, id = ID } = {}) => {
  const asked: unknown[] = [];
  const runtime = {
    load: () => Promise.resolve({ revision: exists ? 3 : -1 }),
    execute: (stream: string, command: object) => {
      asked.push(stream, command);
      return Promise.resolve({ events: [{ type: 'Done' }], folded: { revision: 4 } });
    },
  } as unknown as SagaRuntime;
  const route = objectActRoutes(face, { store: {} as never }, runtime).find(({ path }) => path === `${face.path}/:${face.id}/${act}`)!;
  const answer = await route.handle({ params: { [face.id]: id }, query: {}, headers: {}, body, principal } as unknown as ApiRequest);
  return { asked, answer };
};

describe('acts on objects', () => {
  for (const face of OPERATOR_FACES) {
    it(`ask the flow of the ${face.one} for what the operator said, with who that is and why`, async () => {
      const { asked, answer } = await actOn(face, 'retry', { reason: 'mended' });
      assert.deepEqual(asked, [`${face.flow}-${ID}`, { type: 'Retry', by: 'client:op', reason: 'mended' }]);
      assert.deepEqual(answer.body, { [face.id]: ID, recorded: ['Done'], revision: 4 });
      const { asked: givenUp } = await actOn(face, 'compensate', { reason: 'gone' });
      assert.equal((givenUp[1] as { type: string }).type, 'Compensate');
      for (const { name, command, operation } of face.acts) {
        const example = operation.requestExample as object;
        assert.deepEqual((await actOn(face, name, example)).asked[1], { type: command, by: 'client:op', ...example });
      }
    });

    it(`say which ${face.one} there is none of, and that a reason is missing`, async () => {
      await assert.rejects(actOn(face, 'retry', { reason: 'x' }, { exists: false }), NotFoundError);
      await assert.rejects(actOn(face, 'retry', { reason: 'x' }, { id: 'nothing' }), NotFoundError);
      await assert.rejects(actOn(face, 'compensate', {}), ValidationError);
    });
  }
});
