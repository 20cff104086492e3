import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { DataFolder } from '@sagahub/adapters/process/data-folder.ts';
import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import { newId } from '@sagahub/contracts/ids.ts';
import { type DemoMarked, HUB_STREAM } from '@sagahub/contracts/messages/hub.ts';
import type { Scope } from '@sagahub/contracts/ports/identity.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import type { Gateway } from '@sagahub/gateway/service.ts';
import { type ErpSimulator, startErpSimulator } from '@sagahub/simulators/erp/simulator.ts';
import { type PaymentSimulator, startPaymentSimulator } from '@sagahub/simulators/payment-processor/simulator.ts';
import type { HubConfig } from './config.ts';

export const CREDENTIALS_FILE = 'demo-credentials.json';
const SECRET_BYTES = 24;
const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

export interface DemoCredential {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scopes: readonly Scope[];
}
export type DemoCredentials = Readonly<Record<'demo' | 'operator' | 'auditor', DemoCredential>>;

const SCOPES: Readonly<Record<keyof DemoCredentials, readonly Scope[]>> = {
  demo: ['orders:read', 'orders:write', 'payments:read', 'payments:write', 'webhooks:manage'],
  operator: ['admin', 'orders:read', 'payments:read'],
  auditor: ['audit:read', 'audit:personal'],
};
/** The tenant of all three. */
const DEMO_PARTNER = { partnerId: 'demo', partnerName: 'Demo partner' };

/** Demo things exist only where nobody else can reach them. */
export const isDemo = (config: HubConfig): boolean => LOOPBACK.has(config.gateway.host);

/** What simulators stand for: the setting that names the real one, and whether that is said. */
interface Simulated {
  readonly env: 'ERP_URL' | 'PAYMENT_PROCESSOR_URL';
  readonly url: string | undefined;
  /** In the words of a refusal. */
  readonly what: { readonly simulator: string; readonly objects: string; readonly real: string };
  readonly folder: string;
  readonly port: number;
}

/**
 * The simulated ERP of a hub without `ERP_URL`, with its ledger in the data folder. The folder is marked: its orders stay bound to the
 * simulator, since a real ERP would get those that are still under way.
 * @throws ConfigurationError a marked folder is pointed at a real ERP, or a simulator is asked for where others can reach the hub
 */
export const openErpBehind = async (config: HubConfig, folder: DataFolder, ports: Ports): Promise<ErpSimulator | undefined> => {
  const erp: Simulated = {
    env: 'ERP_URL',
    url: config.outbound.erpUrl,
    what: { simulator: 'the ERP simulator', objects: 'orders', real: 'the real ERP' },
    folder: folder.file('erp-simulator'),
    port: config.hub.simulatorPort,
  };
  const isMarked = await assertNotBound(erp, folder, ports);
  if (erp.url !== undefined) return undefined;
  if (!isDemo(config))
    throw new ConfigurationError([
      `ERP_URL: set it to the ERP; the simulator serves only a hub on loopback, and HUB_HOST is ${config.gateway.host}`,
    ]);
  if (!isMarked) await markDemo(erp, ports);
  return onFreePort(erp, startErpSimulator);
};

/** The simulated payment processor, likewise, where the ERP is simulated too; elsewhere a hub without a processor takes no payments. */
export const openProcessorBehind = async (
  config: HubConfig,
  folder: DataFolder,
  ports: Ports,
  erp: ErpSimulator | undefined,
): Promise<PaymentSimulator | undefined> => {
  const processor: Simulated = {
    env: 'PAYMENT_PROCESSOR_URL',
    url: config.outbound.processorUrl,
    what: { simulator: 'the simulator of a payment processor', objects: 'payments', real: 'the real processor' },
    folder: folder.file('payment-simulator'),
    port: config.hub.paymentSimulatorPort,
  };
  const isMarked = await assertNotBound(processor, folder, ports);
  if (processor.url !== undefined || !erp) return undefined;
  if (!isMarked) await markDemo(processor, ports);
  return onFreePort(processor, startPaymentSimulator);
};

const reasonOf = (env: Simulated['env']): string => `started without ${env}`;

/** Is the folder bound to the simulator? @throws ConfigurationError it is, and a real one is named */
const assertNotBound = async ({ env, url, what }: Simulated, folder: DataFolder, ports: Ports): Promise<boolean> => {
  const events = await ports.store.readStream(HUB_STREAM);
  const isMarked = events.some(({ type, data }) => type === 'DemoMarked' && data['reason'] === reasonOf(env));
  if (isMarked && url !== undefined)
    throw new ConfigurationError([
      `${env}: the data folder ${folder.path} was used with ${what.simulator}, and its ${what.objects} belong there; ` +
        `set HUB_DATA_DIR to a new folder for ${what.real}, or unset ${env} to go on with the simulator`,
    ]);
  return isMarked;
};

const onFreePort = async <Running>(
  { folder, port }: Simulated,
  start: (options: { readonly folder: string; readonly port?: number }) => Promise<Running>,
): Promise<Running> => {
  try {
    return await start({ folder, port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return start({ folder });
  }
};

const markDemo = async ({ env }: Simulated, { store, clock }: Ports): Promise<void> => {
  const events = await store.readStream(HUB_STREAM);
  const body: DemoMarked = { type: 'DemoMarked', data: { reason: reasonOf(env) } };
  const metadata = { time: new Date(clock.now()).toISOString(), correlationId: newId(), actor: 'hub', schemaVersion: 1 };
  await store.append({ stream: HUB_STREAM, expectedRevision: events.length - 1, events: [{ ...body, id: newId(), metadata }] });
};

/** Makes sure the demo clients exist with the configured secrets, or with drawn ones that are kept in `demo-credentials.json` (0600). */
export const ensureDemoClients = async (config: HubConfig, folder: DataFolder, gateway: Gateway): Promise<DemoCredentials> => {
  const credentials = demoCredentials(config, folder);
  for (const { clientId, clientSecret, scopes } of Object.values(credentials))
    await gateway.directory.ensureClient({ ...DEMO_PARTNER, clientId, scopes, secret: clientSecret });
  return credentials;
};

const demoCredentials = (config: HubConfig, folder: DataFolder): DemoCredentials => {
  const path = folder.file(CREDENTIALS_FILE);
  const kept: Partial<DemoCredentials> = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as DemoCredentials) : {};
  const credential = (clientId: keyof DemoCredentials, configured: string | undefined): DemoCredential => ({
    clientId,
    clientSecret: configured ?? kept[clientId]?.clientSecret ?? randomBytes(SECRET_BYTES).toString('base64url'),
    scopes: SCOPES[clientId],
  });
  const credentials = {
    demo: credential('demo', config.hub.demoClientSecret),
    operator: credential('operator', config.hub.demoOperatorSecret),
    auditor: credential('auditor', config.hub.demoAuditorSecret),
  };
  writeFileSync(path, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
  return credentials;
};
