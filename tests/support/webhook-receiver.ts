import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { until } from '@sagahub/hub/harness/until.ts';

/** One request, as the receiver got it. */
export interface ReceivedWebhook {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** Parsed. */
  readonly body: any;
  readonly atMs: number;
}

export type Answering = (response: ServerResponse, received: ReceivedWebhook) => void;
/** 204 and nothing else. */
export const TAKING: Answering = (response) => void response.writeHead(204).end();
export const answering =
  (status: number, headers: Readonly<Record<string, string>> = {}, body = ''): Answering =>
  (response) =>
    void response.writeHead(status, headers).end(body);

/** A subscriber's endpoint in this process: it remembers what came, and answers as it is told. */
export class WebhookReceiver implements AsyncDisposable {
  readonly received: ReceivedWebhook[] = [];
  /** By path; others are answered with {@link TAKING}. */
  readonly answers = new Map<string, Answering>();
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const path = request.url ?? '/';
      const received = { path, headers: request.headers as Record<string, string>, text, body: JSON.parse(text), atMs: Date.now() };
      this.received.push(received);
      (this.answers.get(path) ?? TAKING)(response, received);
    });
  });

  static async start(): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver();
    const server = receiver.#server;
    server.on('connection', (socket: Socket) => {
      receiver.#sockets.add(socket.on('error', () => {}));
      socket.once('close', () => receiver.#sockets.delete(socket));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return receiver;
  }

  url(path: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  at(path: string): readonly ReceivedWebhook[] {
    return this.received.filter((one) => one.path === path);
  }

  /** Resolves with what came there once it is enough. */
  async until(path: string, satisfied: (received: readonly ReceivedWebhook[]) => boolean): Promise<readonly ReceivedWebhook[]> {
    return until(`enough webhooks at ${path}`, () => Promise.resolve(this.at(path)), satisfied);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
