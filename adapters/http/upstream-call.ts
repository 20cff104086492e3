import { Readable } from 'node:stream';
import type { ApiResponse } from '@sagahub/contracts/api/route.ts';
import type { UpstreamRequest } from '@sagahub/contracts/ports/upstream.ts';
import type { Dispatcher } from 'undici';

/** Said by one hop to the next, or set anew by this one. */
const NOT_PASSED_BACK = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'date', 'upgrade', 'trailer']);

/**
 * One request on undici's dispatcher; its `request`, with a stream and a promise for each body, takes twice the time. An answer of known
 * length is handed over whole, any other as a stream with back-pressure.
 * @throws what the connection or the signal says
 */
export const callUpstream = (dispatcher: Dispatcher, path: string, request: UpstreamRequest): Promise<ApiResponse> =>
  new Promise((resolve, reject) => {
    const { signal } = request;
    if (signal.aborted) return reject(signal.reason);
    let controller: Dispatcher.DispatchController | undefined;
    let answer: Whole | Streamed | undefined;
    const giveUp = (): void => {
      controller?.abort(signal.reason as Error);
      reject(signal.reason);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    dispatcher.dispatch(
      {
        path,
        method: request.method,
        headers: request.headers,
        body: request.body ?? null,
        headersTimeout: request.timeoutMs,
      },
      {
        onRequestStart(started) {
          controller = started;
          // It waited for a connection until nobody wanted it any more.
          if (signal.aborted) started.abort(signal.reason as Error);
        },
        onResponseStart(started, status, headers) {
          if (status < 200) return;
          const passed: Record<string, string> = {};
          for (const name in headers) {
            const value = headers[name];
            if (value !== undefined && !NOT_PASSED_BACK.has(name)) passed[name] = typeof value === 'string' ? value : value.join(', ');
          }
          const whole = headers['content-length'] !== undefined || status === 204 || status === 304;
          answer = whole ? new Whole(status, passed, resolve) : new Streamed(started);
          if (answer instanceof Streamed) resolve({ status, headers: passed, body: answer.readable });
        },
        onResponseData: (_controller, chunk) => answer?.take(chunk),
        onResponseEnd() {
          signal.removeEventListener('abort', giveUp);
          answer?.end();
        },
        onResponseError(_controller, error) {
          signal.removeEventListener('abort', giveUp);
          if (answer instanceof Streamed) answer.readable.destroy(error);
          else reject(error);
        },
      },
    );
  });

class Whole {
  readonly #chunks: Buffer[] = [];
  readonly #status: number;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #resolve: (answer: ApiResponse) => void;

  constructor(status: number, headers: Readonly<Record<string, string>>, resolve: (answer: ApiResponse) => void) {
    this.#status = status;
    this.#headers = headers;
    this.#resolve = resolve;
  }

  take(chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  end(): void {
    const [first] = this.#chunks;
    const body = this.#chunks.length === 1 && first ? first : Buffer.concat(this.#chunks);
    this.#resolve({ status: this.#status, headers: this.#headers, body });
  }
}

class Streamed {
  readonly readable: Readable;

  constructor(controller: Dispatcher.DispatchController) {
    this.readable = new Readable({
      encoding: 'utf8',
      read: () => controller.resume(),
      destroy(error, callback) {
        if (!this.readableEnded) controller.abort(error ?? new Error('nobody reads on'));
        callback(error);
      },
    });
    this.#controller = controller;
  }
  readonly #controller: Dispatcher.DispatchController;

  take(chunk: Buffer): void {
    if (!this.readable.push(chunk)) this.#controller.pause();
  }

  end(): void {
    this.readable.push(null);
  }
}
