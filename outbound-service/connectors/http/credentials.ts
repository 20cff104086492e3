import type { SubmitOutcome } from '@sagahub/contracts/ports/connector.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { HttpClient } from '@sagahub/contracts/ports/http-client.ts';
import { failureOutcome } from './answers.ts';
import { retryAfterMs } from './retry-after.ts';

export type RestAuth =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'basic'; readonly user: string; readonly password: string }
  | {
      readonly kind: 'oauth2';
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly clientSecret: string;
      readonly scope?: string;
    };

/** A value for `Authorization` (absent: none is needed), or why there is none. */
export type Authorization =
  | { readonly kind: 'authorized'; readonly header: string | undefined }
  | Extract<SubmitOutcome, { kind: 'transient' | 'misconfigured' }>;

export interface Credentials {
  authorize(signal: AbortSignal): Promise<Authorization> | Authorization;
  /** The third party said 401 to this header. True: a fresh one can be had, once. */
  renew(refused: string | undefined): boolean;
}

export const credentialsFor = (auth: RestAuth, http: HttpClient, clock: Clock, timeoutMs: number): Credentials => {
  switch (auth.kind) {
    case 'none':
      return fixed(undefined);
    case 'bearer':
      return fixed(`Bearer ${auth.token}`);
    case 'basic':
      return fixed(basic(auth.user, auth.password));
    case 'oauth2':
      return new ClientCredentials(auth, http, clock, timeoutMs);
  }
};

const fixed = (header: string | undefined): Credentials => ({ authorize: () => ({ kind: 'authorized', header }), renew: () => false });
const basic = (user: string, password: string): string => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

/** A token is renewed this long before it expires, so that it does not expire on the way. */
const SKEW_MS = 30_000;
/** RFC 6749 leaves `expires_in` out at will. */
const USUAL_LIFE_MS = 5 * 60 * 1_000;

/** OAuth 2.0 client credentials (RFC 6749 section 4.4): one token for all calls, fetched once however many ask for it. */
class ClientCredentials implements Credentials {
  readonly #auth: Extract<RestAuth, { kind: 'oauth2' }>;
  readonly #http: HttpClient;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #token: { readonly header: string; readonly renewAtMs: number } | undefined;
  #fetching: Promise<Authorization> | undefined;

  constructor(auth: Extract<RestAuth, { kind: 'oauth2' }>, http: HttpClient, clock: Clock, timeoutMs: number) {
    this.#auth = auth;
    this.#http = http;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  authorize(): Promise<Authorization> | Authorization {
    if (this.#token && this.#clock.now() < this.#token.renewAtMs) return { kind: 'authorized', header: this.#token.header };
    this.#fetching ??= this.#fetch().finally(() => (this.#fetching = undefined));
    return this.#fetching;
  }

  renew(refused: string | undefined): boolean {
    if (this.#token?.header === refused) this.#token = undefined;
    return true;
  }

  /** Not bound to one caller's signal: all who wait share it. */
  async #fetch(): Promise<Authorization> {
    const { tokenUrl, clientId, clientSecret, scope } = this.#auth;
    const answer = await this.#http.request({
      method: 'POST',
      url: tokenUrl,
      // RFC 6749 section 2.3.1: both are form-encoded before they are put together.
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'application/json',
        authorization: basic(encodeURIComponent(clientId), encodeURIComponent(clientSecret)),
      },
      body: new URLSearchParams({ grant_type: 'client_credentials', ...(scope !== undefined && { scope }) }).toString(),
      timeoutMs: this.#timeoutMs,
    });
    if (answer.kind === 'failure') {
      const { kind, reason } = failureOutcome(answer);
      // No order was sent yet: whatever became of the token request, the order is not in doubt.
      return { kind: kind === 'misconfigured' ? kind : 'transient', reason: `no token from ${new URL(tokenUrl).host}: ${reason}` };
    }
    const { status } = answer;
    const refusal = `the token endpoint ${new URL(tokenUrl).host} answered ${status}`;
    if (status === 408 || status === 425 || status === 429 || status >= 500) {
      const waitMs = retryAfterMs(answer.headers['retry-after'], this.#clock.now());
      return { kind: 'transient', reason: refusal, status, ...(waitMs !== undefined && { retryAfterMs: waitMs }) };
    }
    const token = status === 200 ? readToken(answer.bodyText) : undefined;
    if (!token) return { kind: 'misconfigured', reason: `${refusal}${status === 200 ? ' without a bearer token' : ''}`, status };
    const renewAtMs = this.#clock.now() + Math.max(token.lifeMs - SKEW_MS, token.lifeMs / 2);
    this.#token = { header: `Bearer ${token.value}`, renewAtMs };
    return { kind: 'authorized', header: this.#token.header };
  }
}

const readToken = (text: string): { readonly value: string; readonly lifeMs: number } | undefined => {
  try {
    const body = JSON.parse(text) as Record<string, unknown>;
    const { access_token: value, token_type: type, expires_in: life } = body;
    if (typeof value !== 'string' || value === '' || (typeof type === 'string' && type.toLowerCase() !== 'bearer')) return undefined;
    return { value, lifeMs: typeof life === 'number' && life > 0 ? life * 1_000 : USUAL_LIFE_MS };
  } catch {
    return undefined;
  }
};
