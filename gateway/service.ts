import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import type { Route } from '@sagahub/contracts/api/route.ts';
import type { AdmissionGate } from '@sagahub/contracts/ports/admission-gate.ts';
import type { Authenticator } from '@sagahub/contracts/ports/identity.ts';
import type { RequestLimiter } from '@sagahub/contracts/ports/rate-limiter.ts';
import type { Ports, Service } from '@sagahub/contracts/service.ts';
import { auditedRoutes } from './audit/audited-routes.ts';
import { type GatewayConfig, publicUrlOf } from './config.ts';
import { docsRoutes } from './docs/routes.ts';
import { healthRoutes } from './health.ts';
import { IdentityDirectory } from './identity/directory.ts';
import { followRegistry, type IdentityRegistry } from './identity/registry.ts';
import { identityRoutes } from './identity/routes.ts';
import { clientSecrets } from './identity/secrets.ts';
import { loginGuard } from './limits/login-guard.ts';
import { requestLimiter } from './limits/request-limiter.ts';
import { openAdmissionGate } from './overload/admission-gate.ts';
import { authenticator } from './oauth/authenticator.ts';
import { oauthRoutes } from './oauth/routes.ts';
import { openSigningKeys } from './oauth/signing-keys.ts';
import { ownKeys, remoteKeys, type TokenRules, verifyToken } from './oauth/token-verifier.ts';
import { tokenIssuer } from './oauth/tokens.ts';

export interface GatewayOptions {
  /** Started before: their routes are served, and their health is asked. */
  readonly services: readonly Service[];
  /** This is the edge that operators reach: what they do is recorded here, and behind it no more. Default false. */
  readonly audits?: boolean;
  /** Another one, in another process, stands in front of this one. Default false. */
  readonly behindGateway?: boolean;
  /** Decisions on what was accepted that this process has not got to. Default: they are made elsewhere, and do not keep intake waiting. */
  readonly backlog?: () => number;
  /** Of the hub, for OpenAPI and health. */
  readonly version: string;
}

/** The edge. What it serves is data: the composition root hands `publicRoutes`, `authenticator` and `limiter` to an HTTP server. */
export interface Gateway extends Service {
  /** Everything partners and operators reach: the services' routes, and the gateway's own. */
  readonly publicRoutes: readonly Route[];
  /** The services' management routes, and health in detail. Mount them on a server of their own, without an authenticator. */
  readonly managementRoutes: readonly Route[];
  readonly authenticator: Authenticator;
  readonly limiter: RequestLimiter;
  /** Of intake; absent where as many are let in as come. */
  readonly gate: AdmissionGate | undefined;
  /** Partners and clients; `ensureClient` is for those that come with the installation. */
  readonly directory: IdentityDirectory;
  readonly registry: IdentityRegistry;
  /** Readiness answers 503 from now on. */
  stopServing(): void;
}

/** How long a former signing key outlives the tokens it signed: leeway for clocks, and for a verifier's cache. */
const KEY_OVERLAP_MS = 5 * 60_000;
/** How much slower than alone intake may become. The gateway is to notice before a service behind it does: it knows all that comes. */
const TOLERANCE = 1.5;
const TOLERANCE_BEHIND = 3;
const EXTERNAL_ALGORITHMS = ['ES256', 'Ed25519', 'EdDSA', 'RS256', 'PS256'];

export const startGateway = async (
  config: GatewayConfig,
  ports: Pick<Ports, 'store' | 'keys' | 'cache' | 'clock' | 'telemetry'>,
  { services, version, audits = false, behindGateway = false, backlog }: GatewayOptions,
): Promise<Gateway> => {
  const { store, keys, cache, clock } = ports;
  const { audience, issuer: externalIssuer, jwksUrl, tokenLifetimeMs, signingKey } = config;
  if ((externalIssuer === undefined) !== (jwksUrl === undefined))
    throw new ConfigurationError(['HUB_OAUTH_ISSUER and HUB_OAUTH_JWKS_URL: set both or neither']);
  const publicUrl = publicUrlOf(config);
  const signing = await openSigningKeys({ keys, clock, configured: signingKey, retireAfterMs: tokenLifetimeMs + KEY_OVERLAP_MS });
  const following = await followRegistry(store);
  const { registry, catchUp } = following;

  const secrets = clientSecrets(keys, clock);
  const directory = new IdentityDirectory(store, registry, secrets, clock);
  const issuer = tokenIssuer(publicUrl, audience, tokenLifetimeMs, signing, clock);
  const rules: TokenRules =
    externalIssuer !== undefined && jwksUrl !== undefined
      ? { issuer: externalIssuer, audience, algorithms: EXTERNAL_ALGORITHMS, keyOf: remoteKeys(jwksUrl), clock }
      : { issuer: publicUrl, audience, algorithms: ['ES256', 'Ed25519'], keyOf: ownKeys(signing), clock };

  let draining = false;
  const routes = [
    ...(externalIssuer === undefined ? oauthRoutes({ issuer, signing, registry, catchUp, secrets, guard: loginGuard(cache) }) : []),
    ...identityRoutes(directory, registry, config.partnerLimitPerMinute),
  ];
  const health = async () => [
    {
      name: 'gateway:registry',
      status: following.failure() === undefined ? ('pass' as const) : ('fail' as const),
      observedValue: registry.partners().length,
      observedUnit: 'partners',
    },
  ];
  const name = 'gateway';
  const probes = healthRoutes({ services: [...services, { name, health }], clock, version, draining: () => draining });
  const offered = [...routes, ...services.flatMap((service) => service.routes), ...probes.open];
  const documented = audits ? auditedRoutes(offered, ports) : offered;
  const tokenUrl = `${externalIssuer ?? publicUrl}/oauth/token`;
  return {
    name,
    routes,
    publicRoutes: [...documented, ...docsRoutes(documented, { version, publicUrl, tokenUrl })],
    managementRoutes: [...services.flatMap((service) => service.managementRoutes ?? []), ...probes.detailed],
    authenticator: authenticator({
      verify: (token) => verifyToken(token, rules),
      registry,
      catchUp,
      clock,
      defaultLimitPerMinute: config.partnerLimitPerMinute,
    }),
    limiter: requestLimiter(config.anonymousLimitPerMinute, cache, clock),
    gate:
      config.intakeConcurrency === 0
        ? undefined
        : openAdmissionGate({
            most: config.intakeConcurrency,
            maxWaitMs: config.intakeMaxWaitMs,
            tolerance: behindGateway ? TOLERANCE_BEHIND : TOLERANCE,
            backlog,
            clock,
            telemetry: ports.telemetry,
          }),
    directory,
    registry,
    stopServing: () => {
      draining = true;
    },
    health,
    [Symbol.asyncDispose]: () => following[Symbol.asyncDispose](),
  };
};
