import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { HttpClient } from '@sagahub/contracts/ports/http-client.ts';
import { type OutboundConfig, paymentProcessorOptions, restErpOptions } from '@sagahub/outbound-service/config.ts';
import { paymentProcessorConnector } from '@sagahub/outbound-service/connectors/payment-processor/connector.ts';
import { restErpConnector } from '@sagahub/outbound-service/connectors/rest/connector.ts';
import type { ConnectorLine } from '@sagahub/outbound-service/service.ts';

/** Where simulators answer that stand for third parties without an address. */
export interface SimulatorUrls {
  readonly erp?: string | undefined;
  readonly processor?: string | undefined;
}

/** Calls at once to one host: as many as its connector may make. */
export const connectionsOf = ({ erpConcurrency, paymentConcurrency }: OutboundConfig): number =>
  Math.max(erpConcurrency, paymentConcurrency);

/**
 * Every third party behind the hub, each with a share, a patience and a breaker of its own.
 * @throws ConfigurationError naming every setting of the ERP that is missing
 */
export const openConnectors = (
  config: OutboundConfig,
  ports: { readonly http: HttpClient; readonly clock: Clock },
  simulators: SimulatorUrls = {},
): readonly ConnectorLine[] => {
  const erp: ConnectorLine = {
    connector: restErpConnector(restErpOptions(config, simulators.erp), ports),
    concurrency: config.erpConcurrency,
    perPartner: config.erpPerPartner,
    retryDelaysMs: config.retryDelaysMs,
  };
  const processor = paymentProcessorOptions(config, simulators.processor);
  if (!processor) return [erp];
  const payments: ConnectorLine = {
    connector: paymentProcessorConnector(processor, ports),
    concurrency: config.paymentConcurrency,
    perPartner: config.paymentPerPartner,
    retryDelaysMs: config.paymentRetryDelaysMs,
  };
  return [erp, payments];
};
