import { ConfigurationError, UnavailableError } from '@sagahub/contracts/errors.ts';
import type { HealthCheck } from '@sagahub/contracts/service.ts';

/** A server that an adapter talks to, as messages name it. */
export interface Engine {
  /** e.g. `Redis` */
  readonly name: string;
  /** With its password: for the driver, never for a message. */
  readonly url: string;
  /** The setting the URL comes from, e.g. `HUB_REDIS_URL`. */
  readonly setting: string;
}

/** What an adapter of an engine offers beside its port. */
export interface EngineHealth {
  /** For readiness: asks the engine, within two seconds. */
  health(): Promise<HealthCheck>;
}

/** How long a health check may take. */
export const HEALTH_TIMEOUT_MS = 2_000;

/** @throws ConfigurationError the URL has another scheme */
export const requireScheme = (engine: Engine, ...schemes: readonly string[]): void => {
  const scheme = /^([\w+.-]+):\/\//.exec(engine.url)?.[1] ?? '';
  if (schemes.includes(scheme)) return;
  throw new ConfigurationError([
    `${engine.setting}: ${withoutSecrets(engine.url)} is no URL of ${engine.name}; it must begin with ${schemes.map((name) => `${name}://`).join(' or ')}`,
  ]);
};

/** The URL as messages and logs may show it: no password, and no value of a parameter that names a secret. */
export const withoutSecrets = (url: string): string =>
  url
    .replace(/^([\w+.-]+:\/\/)([^/?#]*)@/, (_all, scheme: string, user: string) => `${scheme}${user.replace(/:.*$/s, ':***')}@`)
    .replaceAll(/([?&][^=&]*(?:pass|secret|token|key)[^=&]*=)[^&]*/gi, '$1***');

/** 503 for whoever called; says which engine, where, what was wrong and what to do. */
export const unavailable = (engine: Engine, cause: unknown): UnavailableError =>
  new UnavailableError('HUB_ENGINE_UNAVAILABLE', `${engine.name} at ${withoutSecrets(engine.url)}: ${explained(engine, cause)}`, { cause });

/** What was wrong and what to do about it, by the code of the error. */
const explained = (engine: Engine, cause: unknown): string => {
  const code = codeOf(cause);
  const wrong = withoutSecrets(messageOf(cause) || code || 'no answer').replace(/\.+$/, '');
  const advice = ADVICE[code] ?? (/^(?:CERT_|ERR_TLS_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO)/.test(code) ? UNTRUSTED : 'see its own log');
  return `${wrong}; ${advice.replaceAll('{setting}', engine.setting)}`;
};

const UNTRUSTED = 'its certificate is not trusted: name the authority that signed it in NODE_EXTRA_CA_CERTS';
const CREDENTIALS = 'correct the user and password in {setting}';
/** By the system's code, or by the engine's own for refused credentials. */
const ADVICE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'is it running, and is the port in {setting} right?',
  ECONNRESET: 'it closed the connection: it may be restarting, or expect TLS',
  ENOTFOUND: 'the host in {setting} has no address',
  EAI_AGAIN: 'the host in {setting} cannot be looked up at the moment',
  ETIMEDOUT: 'nothing answers there: check {setting} and the network policies in between',
  403: CREDENTIALS, // AMQP: access refused
  530: 'the virtual host in {setting} does not exist', // AMQP: not allowed
  WRONGPASS: CREDENTIALS,
  NOAUTH: CREDENTIALS,
  NOPERM: 'give the user in {setting} the right to use keys and scripts',
  18: CREDENTIALS, // MongoDB: authentication failed
  13: 'give the user in {setting} the right to read and write its database', // MongoDB: unauthorized
};

/** Of the error, or of what lies behind it. */
export const codeOf = (error: unknown): string => {
  for (let one: unknown = error, depth = 0; one instanceof Error && depth < 5; depth += 1) {
    const { code, cause, errors } = one as Error & { code?: unknown; errors?: readonly unknown[] };
    if (typeof code === 'string' || typeof code === 'number') return String(code);
    one = cause ?? errors?.[0];
  }
  return '';
};

const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  // What Node throws when several addresses of a host were tried has no message of its own.
  return error.message || messageOf((error as AggregateError).errors?.[0] ?? error.cause ?? error.name);
};
