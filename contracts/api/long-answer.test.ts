import assert from 'node:assert/strict';
import { longRoute, NDJSON } from './long-answer.ts';
import type { ApiRequest } from './route.ts';

async function* reports() {
  yield { done: 1 };
  yield { done: 2 };
}

describe('a route whose work takes a while', () => {
  const route = longRoute(
    {
      method: 'POST',
      path: '/count',
      scopes: ['admin'],
      operation: { operationId: 'count', summary: '', description: 'Counts.', tag: 'test', responses: {} },
    },
    reports,
  );
  const answerTo = (accept?: string) => route.handle({ headers: { accept } } as unknown as ApiRequest);

  it('says so to the gateway, and how its progress is had to readers', () => {
    assert.equal(route.long, true);
    assert.match(route.operation.description ?? '', /^Counts\. With `Accept: application\/x-ndjson`/);
  });

  it('answers with its progress where that is asked for, and else with the last of it', async () => {
    const lines: string[] = [];
    for await (const line of (await answerTo(NDJSON)).body as AsyncIterable<string>) lines.push(line);
    assert.deepEqual(lines, ['{"done":1}\n', '{"done":2}\n']);
    assert.deepEqual((await answerTo()).body, { done: 2 });
  });
});
