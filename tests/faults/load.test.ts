import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiClient } from '@sagahub/hub/harness/api-client.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { seededRandom } from '@sagahub/simulators/random.ts';
import { runLoad } from './load.ts';
import { Witness } from './witness.ts';

const DYING = 4;

/** Gives tokens, and dies in the middle of its first answers; later ones it completes. @returns what orders it was sent */
const dyingHub = async (dyingAnswers: number) => {
  const sent: string[] = [];
  const contents = new Map<string, string>();
  const server = createServer((request, response) => {
    if (request.url === '/oauth/token') return void response.end(JSON.stringify({ access_token: 'a-token' }));
    let text = '';
    request.on('data', (data: Buffer) => (text += data.toString()));
    request.on('end', () => {
      if (request.method !== 'POST' || request.url !== '/api/v1/orders') return void response.writeHead(202).end('{}');
      const { orderNumber } = JSON.parse(text) as { orderNumber: string };
      sent.push(orderNumber);
      if (contents.get(orderNumber) !== text && contents.has(orderNumber))
        return void response.writeHead(422).end(JSON.stringify({ code: 'HUB_ORDER_NUMBER_REUSED' }));
      contents.set(orderNumber, text);
      response.writeHead(202, { 'content-length': '1000' });
      if (sent.length > dyingAnswers) return void response.end(JSON.stringify({ orderId: `id-${orderNumber}` }).padEnd(1_000));
      response.write('{"orderId":');
      setImmediate(() => response.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const dispose = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { sent, url, [Symbol.dispose]: dispose };
};

describe('the load of the fault campaign', () => {
  it('takes an answer that breaks off as an unknown outcome, and sends the order again', async () => {
    using hub = await dyingHub(DYING);
    const stop = new AbortController();
    const witness = new Witness();
    const client = new ApiClient(() => hub.url, 'demo', 'a-secret');
    const load = runLoad({ demo: client, operator: client, witness, random: seededRandom(1), prefix: 'L', signal: stop.signal });
    const repeated = () => hub.sent.slice(0, DYING).filter((orderNumber) => hub.sent.lastIndexOf(orderNumber) >= DYING).length;
    await Promise.race([
      until(
        'every order without an answer being sent again',
        () => Promise.resolve(repeated()),
        (count) => count === DYING,
      ),
      load.then(() => assert.fail('the load ended by itself')),
    ]);
    stop.abort();
    await load;
    assert.deepEqual([...witness.complaints], []);
  });
});
