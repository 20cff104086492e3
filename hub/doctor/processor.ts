import { openHttpClient } from '@sagahub/adapters/http/client.ts';
import { systemClock } from '@sagahub/adapters/process/clock.ts';
import { paymentProcessorOptions } from '@sagahub/outbound-service/config.ts';
import { paymentProcessorConnector } from '@sagahub/outbound-service/connectors/payment-processor/connector.ts';
import type { HubConfig } from '../config.ts';
import { isDemo } from '../demo-installation.ts';
import { type Finding, ok, problem, warning } from './check.ts';

const CHECK = 'Payment processor';
const PATIENCE_MS = 10_000;

/** Reaches the payment processor with the configured credential; changes nothing there. */
export const checkProcessor = async (config: HubConfig): Promise<Finding> => {
  const options = paymentProcessorOptions(config.outbound);
  if (!options)
    return isDemo(config) && config.outbound.erpUrl === undefined
      ? warning(CHECK, 'PAYMENT_PROCESSOR_URL is not set: the built-in simulator is used', 'fine for a try; set it for real payments')
      : ok(CHECK, 'PAYMENT_PROCESSOR_URL is not set: no payments are taken');
  await using http = openHttpClient();
  await using connector = paymentProcessorConnector(options, { http, clock: systemClock() });
  const { ok: reached, detail } = await connector.probe(AbortSignal.timeout(PATIENCE_MS));
  if (!reached)
    return problem(CHECK, detail, 'payments wait until it answers; check PAYMENT_PROCESSOR_URL, PAYMENT_PROCESSOR_TOKEN and the network');
  return config.outbound.callbackSecret === undefined
    ? warning(CHECK, `${detail}; it cannot call back`, 'set HUB_PAYMENT_CALLBACK_SECRET to hear at once what it decides later')
    : ok(CHECK, detail);
};
