/** One answer, read to its end. */
export interface Answer<Body = any> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed JSON; the text itself when it is none. */
  readonly body: Body;
}

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** Talks to the hub's public API as one OAuth client, the way a partner's system would. */
export class ApiClient {
  readonly #url: () => string;
  readonly #clientId: string;
  readonly #secret: string;
  #token: Promise<string> | undefined;

  constructor(url: () => string, clientId: string, secret: string) {
    this.#url = url;
    this.#clientId = clientId;
    this.#secret = secret;
  }

  get url(): string {
    return this.#url();
  }

  token(): Promise<string> {
    this.#token ??= this.#fetchToken().catch((error: unknown) => {
      this.#token = undefined; // the hub may be back the next time
      throw error;
    });
    return this.#token;
  }

  async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const response = await this.open(method, path, options);
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parsed(text) };
  }

  /** The raw response, for streams. */
  async open(method: string, path: string, { headers, body, signal }: CallOptions = {}): Promise<Response> {
    const request = fetch(`${this.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await this.token()}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(signal && { signal }),
    });
    // Which one of many it was.
    return request.catch((error: unknown) => Promise.reject(Object.assign(error as Error, { request: `${method} ${path}` })));
  }

  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer> {
    return this.call('GET', path, headers ? { headers } : {});
  }
  post(path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer> {
    return this.call('POST', path, { body, ...(headers && { headers }) });
  }
  put(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer> {
    return this.call('PUT', path, { body, ...(headers && { headers }) });
  }

  async #fetchToken(): Promise<string> {
    const response = await fetch(`${this.url}/oauth/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${this.#clientId}:${this.#secret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    const answer = (await response.json()) as { access_token?: string };
    if (!answer.access_token) throw new Error(`no token for ${this.#clientId}: ${response.status} ${JSON.stringify(answer)}`);
    return answer.access_token;
  }
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};
