import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface ErpCall {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Parsed; `undefined` when there was none. */
  readonly body: any;
}

export interface ScriptedErp extends AsyncDisposable {
  readonly url: string;
  /** Every call so far, in full. */
  readonly calls: readonly ErpCall[];
}

/** An ERP that answers as a test says, where the simulator tells too little of what it was sent. */
export const openScriptedErp = async (
  answer: (call: ErpCall, number: number) => readonly [status: number, body: unknown],
): Promise<ScriptedErp> => {
  const calls: ErpCall[] = [];
  const server = createServer((request, response) => {
    void text(request).then((sent) => {
      const { method = 'GET', url = '/', headers } = request;
      const call = { method, url, headers, body: sent === '' ? undefined : JSON.parse(sent) };
      calls.push(call);
      const [status, body] = answer(call, calls.length);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/erp`,
    calls,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
