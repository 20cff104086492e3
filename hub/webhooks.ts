import { addressRules } from '@sagahub/adapters/http/address-rules.ts';
import { openSubscriberClient } from '@sagahub/adapters/http/subscriber-client.ts';
import type { WebhookOptions } from '@sagahub/outbound-service/webhooks/start.ts';
import type { HubConfig } from './config.ts';
import { isDemo } from './demo-installation.ts';
import { VERSION } from './version.ts';

/** What a hub that nobody else can reach allows besides: subscribers on the same machine, as they are tried out. */
const THIS_MACHINE = ['127.0.0.0/8', '::1/128'];
/** Of all endpoints on one host; each endpoint's own limit is below. */
const CONNECTIONS_PER_ORIGIN = 256;

/** The way to subscribers: no address that is not public, unless the configuration allows it. */
export const openWebhooks = (config: HubConfig): WebhookOptions & AsyncDisposable => {
  const { outbound, hub } = config;
  const isOwn = hub.profile === 'embedded' && isDemo(config);
  const rules = addressRules([...outbound.webhookAllowedNetworks, ...(isOwn ? THIS_MACHINE : [])]);
  const client = openSubscriberClient(rules, { connectionsPerOrigin: CONNECTIONS_PER_ORIGIN });
  return {
    client,
    allowHttp: outbound.webhookAllowHttp || isOwn,
    userAgent: `Sagahub/${VERSION}`,
    takesWork: hub.workers,
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
};
