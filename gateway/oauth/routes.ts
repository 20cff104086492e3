import type { ApiRequest, ApiResponse, Route } from '@sagahub/contracts/api/route.ts';
import { SCOPES, type Scope } from '@sagahub/contracts/ports/identity.ts';
import { z } from 'zod';
import type { CatchUp, IdentityRegistry } from '../identity/registry.ts';
import type { ClientSecrets } from '../identity/secrets.ts';
import type { LoginGuard } from '../limits/login-guard.ts';
import type { SigningKeys } from './signing-keys.ts';
import { OAuthError, parseTokenRequest } from './token-request.ts';
import type { TokenIssuer } from './tokens.ts';

export interface OAuthDeps {
  readonly issuer: TokenIssuer;
  readonly signing: SigningKeys;
  readonly registry: IdentityRegistry;
  readonly catchUp: CatchUp;
  readonly secrets: ClientSecrets;
  readonly guard: LoginGuard;
}

const TAG = 'Authorization';
const NO_STORE = { 'cache-control': 'no-store', pragma: 'no-cache' };

export const oauthRoutes = (deps: OAuthDeps): readonly Route[] => [
  {
    method: 'POST',
    path: '/oauth/token',
    scopes: [],
    body: { types: { 'application/x-www-form-urlencoded': 'text' }, maxBytes: 8 * 1024, optional: true },
    operation: {
      operationId: 'issueToken',
      summary: 'Get an access token (client credentials)',
      description:
        'RFC 6749 section 4.4. The client authenticates with HTTP Basic or with `client_id` and `client_secret` in the body. Errors are those of RFC 6749, not problem documents.',
      tag: TAG,
      requestSchema: tokenForm,
      requestExample: { grant_type: 'client_credentials', scope: 'orders:write orders:read' },
      responses: {
        200: { description: 'A token', schema: tokenAnswer },
        400: { description: 'The request is wrong', schema: oauthErrorAnswer, mediaType: 'application/json' },
        401: {
          description: 'The client is unknown, revoked, or its secret is wrong',
          schema: oauthErrorAnswer,
          mediaType: 'application/json',
        },
      },
    },
    handle: (request) => tokenAnswerOf(request, deps),
  },
  {
    method: 'GET',
    path: '/.well-known/jwks.json',
    scopes: [],
    operation: {
      operationId: 'getSigningKeys',
      summary: 'Keys that verify access tokens',
      tag: TAG,
      responses: {
        200: {
          description: 'JWK Set (RFC 7517)',
          schema: z.object({ keys: z.array(z.looseObject({ kid: z.string() })) }),
          mediaType: JWKS,
        },
      },
    },
    handle: async () => ({
      status: 200,
      headers: { 'content-type': JWKS, 'cache-control': 'public, max-age=300' },
      body: await deps.signing.jwks(),
    }),
  },
  {
    method: 'GET',
    path: '/.well-known/oauth-authorization-server',
    scopes: [],
    operation: {
      operationId: 'getAuthorizationServer',
      summary: 'Where and how to get access tokens',
      tag: TAG,
      responses: { 200: { description: 'Metadata (RFC 8414)', schema: z.looseObject({ issuer: z.url() }) } },
    },
    handle: async () => ({ status: 200, headers: { 'cache-control': 'public, max-age=300' }, body: metadata(deps.issuer.issuer) }),
  },
  {
    method: 'POST',
    path: '/api/v1/admin/signing-keys/rotate',
    scopes: ['admin'],
    operation: {
      operationId: 'rotateSigningKey',
      summary: 'Sign tokens with a new key from now on',
      description: 'The former key stays published until the last token it signed has expired.',
      tag: TAG,
      responses: {
        200: { description: 'The key that signs now', schema: z.object({ kid: z.string() }) },
        409: { description: 'The keys come from the configuration' },
      },
    },
    handle: async () => ({ status: 200, body: { kid: await deps.signing.rotate() } }),
  },
];

const JWKS = 'application/jwk-set+json';
const tokenForm = z
  .object({
    grant_type: z.literal('client_credentials'),
    scope: z.string().optional().describe('Space-separated; default: everything the client may have'),
    client_id: z.string().optional(),
    client_secret: z.string().optional(),
  })
  .meta({ id: 'TokenRequest' });
const tokenAnswer = z
  .object({ access_token: z.string(), token_type: z.literal('Bearer'), expires_in: z.int().describe('Seconds'), scope: z.string() })
  .meta({ id: 'AccessToken' });
const oauthErrorAnswer = z.object({ error: z.string(), error_description: z.string() }).meta({ id: 'OAuthError' });

const tokenAnswerOf = async (request: ApiRequest, deps: OAuthDeps): Promise<ApiResponse> => {
  try {
    return { status: 200, headers: NO_STORE, body: await issue(request, deps) };
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error;
    const unauthenticated = error.error === 'invalid_client';
    return {
      status: unauthenticated ? 401 : 400,
      headers: { ...NO_STORE, ...(unauthenticated && { 'www-authenticate': 'Basic realm="sagahub", charset="UTF-8"' }) },
      body: { error: error.error, error_description: error.message },
    };
  }
};

const issue = async (
  { headers, body, remoteAddress }: ApiRequest,
  { registry, catchUp, secrets, guard, issuer }: OAuthDeps,
): Promise<z.output<typeof tokenAnswer>> => {
  const { clientId, clientSecret, scopes } = parseTokenRequest(headers['authorization'], body as string | undefined);
  await guard.check(clientId, remoteAddress);
  const genuine = await secrets.verify(clientId, clientSecret);
  const known = registry.client(clientId);
  // Only who knows the secret makes us look whether another process added it, or reinstated its partner, just now.
  if (genuine && (known?.status !== 'active' || registry.partner(known.partnerId)?.status !== 'active')) await catchUp(clientId);
  const client = registry.client(clientId);
  if (!genuine || client?.status !== 'active') {
    await guard.failed(clientId, remoteAddress);
    throw new OAuthError('invalid_client', 'the client is unknown or its secret is wrong');
  }
  await guard.succeeded(clientId, remoteAddress);
  if (registry.partner(client.partnerId)?.status !== 'active') throw new OAuthError('unauthorized_client', 'the partner is suspended');
  const refused = scopes?.filter((scope) => !client.scopes.includes(scope as Scope)) ?? [];
  if (refused.length > 0) throw new OAuthError('invalid_scope', `the client may not have ${refused.slice(0, 5).join(' ').slice(0, 200)}`);
  const granted = scopes ?? client.scopes;
  return {
    access_token: await issuer.issue(clientId, granted),
    token_type: 'Bearer',
    expires_in: Math.floor(issuer.lifetimeMs / 1000),
    scope: granted.join(' '),
  };
};

const metadata = (issuer: string) => ({
  issuer,
  token_endpoint: `${issuer}/oauth/token`,
  jwks_uri: `${issuer}/.well-known/jwks.json`,
  scopes_supported: Object.keys(SCOPES),
  response_types_supported: [],
  grant_types_supported: ['client_credentials'],
  token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
  service_documentation: `${issuer}/docs`,
});
