import type { GrpcServer } from '@sagahub/adapters/grpc/server.ts';
import type { Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import { type GatewayConfig, gatewaySettings, readTls } from '@sagahub/gateway/config.ts';
import type { Gateway } from '@sagahub/gateway/service.ts';

/** Orders over gRPC, through the routes of the gateway; nothing, and not even its code loaded, unless `HUB_GRPC_PORT` is set. */
export const startGrpc = async (
  config: GatewayConfig,
  { publicRoutes, authenticator, limiter, gate }: Pick<Gateway, 'publicRoutes' | 'authenticator' | 'limiter' | 'gate'>,
  telemetry: Telemetry,
): Promise<GrpcServer | undefined> => {
  if (config.grpcPort === undefined) return undefined;
  const { startGrpcServer } = await import('@sagahub/adapters/grpc/server.ts');
  return startGrpcServer({
    host: config.host,
    port: config.grpcPort,
    portSetting: gatewaySettings.grpcPort.env,
    tls: readTls(config),
    routes: publicRoutes,
    authenticator,
    limiter,
    gate,
    telemetry,
    trustedProxies: config.trustedProxies,
    messageTimeoutMs: config.bodyTimeoutMs,
  });
};
