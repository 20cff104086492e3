import assert from 'node:assert/strict';
import { createParser } from 'eventsource-parser';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { journeyHub, orderIn, place } from './journey.ts';

describe('journey: auditors read the history', () => {
  const journey = journeyHub();

  it('hands out the log in order, resumable, with personal data only to those who may', async () => {
    const demo = journey.hub.client('demo');
    const orderId = await place(demo, anOrder('AUD-1'));
    await orderIn(demo, orderId, 'completed');
    const auditor = journey.hub.client('auditor');
    const { text } = await until(
      'the log listing the end of the order',
      () => auditor.get('/api/v1/events'),
      (answer) => answer.text.includes('"OrderCompleted"'),
    );
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(lines[0].type, 'LogCreated');
    const received = lines.find((event) => event.type === 'OrderReceived');
    assert.match(JSON.stringify(received), /Ada Keller/);
    const rest = (await auditor.get(`/api/v1/events?after=${encodeURIComponent(received.position)}`)).text.trim().split('\n');
    assert.equal(rest.length, lines.length - lines.indexOf(received) - 1);
    assert.equal((await demo.get('/api/v1/events')).status, 403);
  });

  it('refuses a cursor of another log', async () => {
    const { status } = await journey.hub.client('auditor').get('/api/v1/events?after=not-of-this-log');
    assert.ok(status === 400 || status === 410, String(status));
  });

  it('verifies', async () => {
    const { status, text } = await journey.hub.client('operator').post('/api/v1/admin/audit/verify');
    assert.equal(status, 200, text);
    assert.equal(JSON.parse(text.trim().split('\n').at(-1)!).intact, true);
  });

  it('streams an order as it moves, and resumes without loss or repetition', async () => {
    const demo = journey.hub.client('demo');
    const orderId = await place(demo, anOrder('SSE-1'));
    await orderIn(demo, orderId, 'completed');
    const read = async (headers: Record<string, string>, enough: number) => {
      const stop = new AbortController();
      const response = await demo.open('GET', `/api/v1/orders/${orderId}/timeline`, {
        headers: { accept: 'text/event-stream', ...headers },
        signal: stop.signal,
      });
      assert.match(response.headers.get('content-type') ?? '', /text\/event-stream/);
      const seen: { id: string | undefined; data: any }[] = [];
      const parser = createParser({ onEvent: ({ id, data }) => seen.push({ id, data: JSON.parse(data) }) });
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        parser.feed(chunk);
        if (seen.length >= enough) break;
      }
      stop.abort();
      return seen;
    };
    const all = await read({ 'last-event-id': '' }, 6);
    assert.equal(all.length, 6);
    const rest = await read({ 'last-event-id': all[2]!.id! }, 3);
    assert.deepEqual(
      rest.map(({ id }) => id),
      all.slice(3).map(({ id }) => id),
    );
  });
});
