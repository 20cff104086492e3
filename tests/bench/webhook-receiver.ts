import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A subscriber's endpoint that takes everything: how much came, and how long after it happened. It verifies nothing, so that it leaves the
 * processor to the hub. `GET /` tells, `DELETE /` forgets.
 */
let taken = 0;
let delaysMs: number[] = [];
const ids = new Set<string>();

const server = createServer((request, response) => {
  if (request.method === 'GET') return void response.end(JSON.stringify({ taken, different: ids.size, delaysMs }));
  if (request.method === 'DELETE') {
    taken = 0;
    delaysMs = [];
    ids.clear();
    return void response.end();
  }
  let body = '';
  request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
  request.on('end', () => {
    response.writeHead(204).end();
    taken += 1;
    ids.add(String(request.headers['webhook-id']));
    delaysMs.push(Date.now() - Date.parse((JSON.parse(body) as { timestamp: string }).timestamp));
  });
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` })));
