import { setTimeout as sleep } from 'node:timers/promises';
import type { Problem } from '@sagahub/contracts/api/problem.ts';
import { credentialFor, type Credential, type Role } from './credentials.ts';
import { CommandError, EXIT, type ExitCode } from './exit-codes.ts';
import { linesOf } from './lines.ts';
import { type CliConfig, hubUrlOf, readCliConfig } from './settings.ts';

export interface CallOptions {
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** The hub said no. */
export class ProblemError extends CommandError {
  readonly status: number;
  readonly problem: Partial<Problem>;
  /** Of `Retry-After`; `undefined` when it was not sent. */
  readonly retryAfterMs: number | undefined;
  constructor(status: number, problem: Partial<Problem>, retryAfterMs?: number) {
    super(exitCodeOfStatus(status), readable(status, problem));
    this.status = status;
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Nobody answered, or the answer broke off. */
export class UnreachableError extends CommandError {
  constructor(url: string, cause: unknown) {
    super(EXIT.unreachable, `the hub at ${url} cannot be reached (${reasonOf(cause)}). Is it running? HUB_URL says where it is`, { cause });
  }
}

/** Talks to the public API as one OAuth client. Tokens are fetched when needed and renewed once when refused. */
export class HubClient {
  readonly url: string;
  readonly clientId: string;
  readonly #credential: Credential;
  readonly #scope: string | undefined;
  #token: Promise<string> | undefined;

  /** @param scope narrows what the token allows; default: everything the client may */
  constructor(url: string, credential: Credential, scope?: string) {
    this.url = url;
    this.clientId = credential.clientId;
    this.#credential = credential;
    this.#scope = scope;
  }

  token(): Promise<string> {
    if (!this.#token) {
      this.#token = this.#fetchToken();
      this.#token.catch(() => (this.#token = undefined));
    }
    return this.#token;
  }

  /** A successful response, its body unread. @throws ProblemError, UnreachableError */
  async open(method: string, path: string, options: CallOptions = {}): Promise<Response> {
    for (let renewed = false; ; renewed = true) {
      const token = await this.token();
      const response = await this.#send(method, path, token, options);
      if (response.ok) return response;
      const problem = await problemOf(response);
      if (response.status !== 401 || renewed) throw problem;
      this.#token = undefined;
    }
  }

  async call<Body>(method: string, path: string, options: CallOptions = {}): Promise<Body> {
    return (await this.exchange(method, path, options)).body as Body;
  }

  /** Headers and parsed body. */
  async exchange(method: string, path: string, options: CallOptions = {}): Promise<{ readonly headers: Headers; readonly body: unknown }> {
    const response = await this.open(method, path, options);
    try {
      return { headers: response.headers, body: await response.json() };
    } catch (error) {
      throw new UnreachableError(this.url, error);
    }
  }

  /** Every line of an NDJSON answer, as it comes. */
  async *lines(method: string, path: string, options: CallOptions = {}): AsyncGenerator<string> {
    const headers = { accept: 'application/x-ndjson', ...options.headers };
    const { body } = await this.open(method, path, { ...options, headers });
    if (!body) return;
    try {
      for await (const line of linesOf(body)) if (line !== '') yield line;
    } catch (error) {
      if (options.signal?.aborted) return;
      throw new UnreachableError(this.url, error);
    }
  }

  async #send(method: string, path: string, token: string, { body, headers, signal }: CallOptions): Promise<Response> {
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    try {
      return await fetch(`${this.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, accept: 'application/json', ...type, ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(signal && { signal }),
      });
    } catch (error) {
      throw new UnreachableError(this.url, error);
    }
  }

  async #fetchToken(): Promise<string> {
    const { clientId, clientSecret } = this.#credential;
    const form = { grant_type: 'client_credentials', ...(this.#scope !== undefined && { scope: this.#scope }) };
    const basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64');
    let response: Response;
    try {
      response = await fetch(`${this.url}/oauth/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${basic}` },
        body: new URLSearchParams(form),
      });
    } catch (error) {
      throw new UnreachableError(this.url, error);
    }
    const answer = (await response.json().catch(() => ({}))) as { access_token?: string; error?: string; error_description?: string };
    if (response.ok && answer.access_token) return answer.access_token;
    if (response.status === 429 || response.status >= 500) throw new ProblemError(response.status, answer, retryAfterOf(response));
    const why = answer.error_description ?? answer.error ?? `HTTP ${response.status}`;
    throw new CommandError(EXIT.unauthorized, `the hub gives the client ${clientId} no token: ${why}`);
  }
}

/** A client for commands of this role. */
export const connect = (role: Role, options: { readonly scope?: string; readonly config?: CliConfig } = {}): HubClient => {
  const config = options.config ?? readCliConfig();
  return new HubClient(hubUrlOf(config), credentialFor(role, config), options.scope);
};

/** `{ status: 'stuck', limit: undefined }` → `?status=stuck` */
export const query = (parameters: Readonly<Record<string, string | number | boolean | undefined>>): string => {
  const given = Object.entries(parameters).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
};

/** Waits before the same call is made again: what the hub asked for, else doubling from a quarter second to ten, with jitter. */
export const backOff = async (attempt: number, error: unknown, signal?: AbortSignal): Promise<void> => {
  const asked = error instanceof ProblemError ? error.retryAfterMs : undefined;
  const doubled = Math.min(10_000, 250 * 2 ** attempt);
  await sleep(asked ?? doubled / 2 + (Math.random() * doubled) / 2, undefined, signal && { signal });
};

/** May the very same call succeed later? */
export const isTransient = (error: unknown): boolean =>
  error instanceof UnreachableError || (error instanceof ProblemError && (error.status === 429 || error.status >= 500));

const problemOf = async (response: Response): Promise<ProblemError> => {
  const text = await response.text().catch(() => '');
  const problem = ((): Partial<Problem> => {
    try {
      return JSON.parse(text) as Partial<Problem>;
    } catch {
      return { detail: text.slice(0, 200) };
    }
  })();
  return new ProblemError(response.status, problem, retryAfterOf(response));
};

const retryAfterOf = (response: Response): number | undefined => {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1_000 : undefined;
};

const exitCodeOfStatus = (status: number): ExitCode => {
  if (status === 401 || status === 403) return EXIT.unauthorized;
  if (status === 404) return EXIT.notFound;
  if (status === 429 || status === 408 || (status > 500 && status <= 504)) return EXIT.unreachable;
  return status < 500 ? EXIT.refused : EXIT.failed;
};

const readable = (status: number, { title, detail, code, errors, requestId }: Partial<Problem>): string =>
  [
    `${detail ?? title ?? 'the hub refused'} (${code ?? `HTTP ${status}`})`,
    ...(errors ?? []).map((fault) => `  ${fault.pointer ?? fault.parameter ?? fault.header ?? ''} ${fault.detail}`),
    ...(status >= 500 && requestId !== undefined ? [`  request ${requestId}`] : []),
  ].join('\n');

const reasonOf = (error: unknown): string => {
  const { cause, message } = error as { cause?: NodeJS.ErrnoException; message?: string };
  return cause?.code ?? cause?.message ?? message ?? String(error);
};
