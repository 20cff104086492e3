import { type ConfigOf, duration, integer, optionalPort, type Settings, url } from '@sagahub/contracts/config.ts';
import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';

export const gatewaySettings = {
  host: {
    env: 'HUB_HOST',
    schema: z.string().default('127.0.0.1'),
    description: 'Address the API listens on; the default is this machine alone.',
  },
  port: { env: 'PORT', schema: integer(8080, 0, 65_535), description: 'Port of the API; 0 takes any free one.' },
  grpcPort: {
    env: 'HUB_GRPC_PORT',
    schema: optionalPort(),
    description:
      'Port on which orders are taken over gRPC, with the certificate and on the address of the API; 0 takes any free one. Without it there is no gRPC.',
  },
  publicUrl: {
    env: 'HUB_PUBLIC_URL',
    schema: url(),
    description:
      'Where partners reach the API, without a trailing slash; it is the issuer of tokens. Default: made from HUB_HOST and PORT.',
  },
  managementHost: {
    env: 'HUB_MANAGEMENT_HOST',
    schema: z.string().default('127.0.0.1'),
    description: 'Address of metrics, statistics and detailed health; it asks for no token, so keep it internal.',
  },
  managementPort: {
    env: 'HUB_MANAGEMENT_PORT',
    schema: integer(8081, 0, 65_535),
    description: 'Port of metrics, statistics and detailed health.',
  },
  tlsCertFile: {
    env: 'HUB_TLS_CERT_FILE',
    schema: z.string().optional(),
    description: 'PEM file with the certificate chain; together with HUB_TLS_KEY_FILE. The API is then served over TLS 1.3 alone.',
  },
  tlsKeyFile: {
    env: 'HUB_TLS_KEY_FILE',
    schema: z.string().optional(),
    description: 'PEM file with the private key; together with HUB_TLS_CERT_FILE.',
  },
  trustedProxies: {
    env: 'HUB_TRUSTED_PROXIES',
    schema: integer(0, 0, 10),
    description: 'How many proxies stand in front; the address that the outermost of them saw is the one that is limited.',
  },
  anonymousLimitPerMinute: {
    env: 'HUB_ANONYMOUS_RATE_LIMIT_PER_MINUTE',
    schema: integer(100, 0, 1_000_000_000),
    description: 'Requests a minute without a valid token, per address; 0 = without a limit.',
  },
  partnerLimitPerMinute: {
    env: 'HUB_PARTNER_RATE_LIMIT_PER_MINUTE',
    schema: integer(60_000, 0, 1_000_000_000),
    description: 'Requests a minute of a partner that has no limit of its own; 0 = without a limit.',
  },
  intakeConcurrency: {
    env: 'HUB_INTAKE_CONCURRENCY',
    schema: integer(512, 0, 100_000),
    description:
      'Most orders and payments that one process carries out at once; how many it is at present follows from how fast they are. 0 = as many as come.',
  },
  intakeMaxWaitMs: {
    env: 'HUB_INTAKE_MAX_WAIT',
    schema: duration('100ms'),
    description: 'How long the last of those that wait for their turn may wait; more than can be taken in this time are refused.',
  },
  tokenLifetimeMs: { env: 'HUB_TOKEN_LIFETIME', schema: duration('1h'), description: 'How long an access token is valid.' },
  audience: { env: 'HUB_OAUTH_AUDIENCE', schema: z.string().default('sagahub'), description: 'The `aud` that access tokens must carry.' },
  issuer: {
    env: 'HUB_OAUTH_ISSUER',
    schema: url(),
    description: 'An external issuer of access tokens, instead of the built-in one; its `client_id`s must be clients of the hub.',
  },
  jwksUrl: { env: 'HUB_OAUTH_JWKS_URL', schema: url(), description: 'Where the keys of HUB_OAUTH_ISSUER are.' },
  signingKey: {
    env: 'HUB_SIGNING_KEY',
    schema: z.string().optional(),
    description:
      'Private key (PEM, JWK or JWK Set, P-256 or Ed25519) that signs tokens; the first of a set signs, all are published. Default: drawn and kept.',
    secret: true,
  },
  headersTimeoutMs: { env: 'HUB_HEADERS_TIMEOUT', schema: duration('15s'), description: 'Time for the headers of a request to arrive.' },
  bodyTimeoutMs: { env: 'HUB_BODY_TIMEOUT', schema: duration('30s'), description: 'Time for the body of a request to arrive.' },
  drainDelayMs: {
    env: 'HUB_DRAIN_DELAY',
    schema: duration('0s'),
    description: 'How long connections are still taken after readiness turned, so that load balancers notice first.',
  },
  drainTimeoutMs: {
    env: 'HUB_DRAIN_TIMEOUT',
    schema: duration('25s'),
    description: 'How long requests in flight may take to finish when the hub stops.',
  },
} satisfies Settings;
export type GatewayConfig = ConfigOf<typeof gatewaySettings>;

/** The URL partners use, without a trailing slash. */
export const publicUrlOf = (config: Pick<GatewayConfig, 'publicUrl' | 'host' | 'port' | 'tlsCertFile'>): string =>
  (
    config.publicUrl ??
    `${config.tlsCertFile ? 'https' : 'http'}://${config.host.includes(':') ? `[${config.host}]` : config.host}:${config.port}`
  ).replace(/\/$/, '');

/** Certificate and key, when both are configured. @throws ConfigurationError one without the other, or unreadable */
export const readTls = (
  config: Pick<GatewayConfig, 'tlsCertFile' | 'tlsKeyFile'>,
): { readonly cert: string; readonly key: string } | undefined => {
  const { tlsCertFile, tlsKeyFile } = config;
  if (!tlsCertFile && !tlsKeyFile) return undefined;
  if (!tlsCertFile || !tlsKeyFile) throw new ConfigurationError(['HUB_TLS_CERT_FILE and HUB_TLS_KEY_FILE: set both or neither']);
  try {
    const pair = { cert: readFileSync(tlsCertFile, 'utf8'), key: readFileSync(tlsKeyFile, 'utf8') };
    createSecureContext(pair);
    return pair;
  } catch (error) {
    const { message } = error as Error;
    throw new ConfigurationError([`HUB_TLS_CERT_FILE, HUB_TLS_KEY_FILE: no certificate with its key in PEM form (${message})`]);
  }
};
