/** RFC 6749 section 5.2: what the token endpoint answers instead of a problem document. */
export class OAuthError extends Error {
  readonly error: 'invalid_request' | 'invalid_client' | 'unauthorized_client' | 'unsupported_grant_type' | 'invalid_scope';
  constructor(error: OAuthError['error'], description: string) {
    super(description);
    this.error = error;
  }
}

export interface TokenRequest {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Absent: everything the client may have. */
  readonly scopes: readonly string[] | undefined;
}

const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
const MAX_CREDENTIAL_CHARS = 512;

/**
 * A client credentials request, by RFC 6749 sections 2.3.1 and 4.4: the client authenticates with HTTP Basic or with body
 * parameters, not with both.
 * @throws OAuthError
 */
export const parseTokenRequest = (authorization: string | undefined, form: string | undefined): TokenRequest => {
  const parameters = parseForm(form ?? '');
  const credentials = credentialsOf(authorization, parameters);
  const grantType = parameters.get('grant_type');
  if (grantType === undefined) throw new OAuthError('invalid_request', 'grant_type is missing');
  if (grantType !== 'client_credentials') throw new OAuthError('unsupported_grant_type', 'only client_credentials is supported');
  const scope = parameters.get('scope');
  const scopes = scope?.split(' ').filter((token) => token !== '');
  if (scopes?.some((token) => !SCOPE_TOKEN.test(token)))
    throw new OAuthError('invalid_scope', 'a scope holds characters that no scope has');
  return { ...credentials, scopes: scopes?.length ? [...new Set(scopes)] : undefined };
};

/** Parameters without a value count as absent; none may be repeated (RFC 6749 section 3.2). */
const parseForm = (form: string): Map<string, string> => {
  const parameters = new Map<string, string>();
  const seen = new Set<string>();
  for (const [name, value] of new URLSearchParams(form)) {
    if (seen.has(name)) throw new OAuthError('invalid_request', 'a parameter is given more than once');
    seen.add(name);
    if (value !== '') parameters.set(name, value);
  }
  return parameters;
};

const credentialsOf = (
  authorization: string | undefined,
  parameters: Map<string, string>,
): Pick<TokenRequest, 'clientId' | 'clientSecret'> => {
  const bodyId = parameters.get('client_id');
  const bodySecret = parameters.get('client_secret');
  if (authorization === undefined) {
    if (bodyId === undefined || bodySecret === undefined) throw new OAuthError('invalid_client', 'the client did not authenticate');
    return bounded(bodyId, bodySecret);
  }
  if (bodySecret !== undefined)
    throw new OAuthError('invalid_request', 'authenticate with the Authorization header or with the body, not with both');
  const credentials = parseBasic(authorization);
  if (bodyId !== undefined && bodyId !== credentials.clientId)
    throw new OAuthError('invalid_request', 'client_id differs from the Authorization header');
  return credentials;
};

const BASIC = /^Basic +([\w+/=-]+)$/i;
const parseBasic = (authorization: string): Pick<TokenRequest, 'clientId' | 'clientSecret'> => {
  const encoded = BASIC.exec(authorization)?.[1];
  const pair = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  if (colon === -1) throw new OAuthError('invalid_client', 'the Authorization header holds no Basic credentials');
  try {
    return bounded(formDecode(pair.slice(0, colon)), formDecode(pair.slice(colon + 1)));
  } catch (error) {
    if (error instanceof URIError) throw new OAuthError('invalid_client', 'the Basic credentials are not form-urlencoded');
    throw error;
  }
};

/** Both parts are form-urlencoded before they are joined. */
const formDecode = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));

const bounded = (clientId: string, clientSecret: string): Pick<TokenRequest, 'clientId' | 'clientSecret'> => {
  if (clientId.length > MAX_CREDENTIAL_CHARS || clientSecret.length > MAX_CREDENTIAL_CHARS)
    throw new OAuthError('invalid_client', 'the client is unknown or its secret is wrong');
  return { clientId, clientSecret };
};
