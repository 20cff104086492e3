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

/**
 * The simulated ERP of a hub without `ERP_URL`, with its ledger in the data folder. The folder is marked: its orders stay bound to the
 * simulator, since a real ERP would get those that are still under way.
 * @throws ConfigurationError a marked folder is pointed at a real ERP, or a simulator is asked for where others can reach the hub
 */
export const openErpBehind = async (config: HubConfig, folder: DataFolder, ports: Ports): Promise<ErpSimulator | undefined> => {
  const marked = (await ports.store.readStream(HUB_STREAM)).some(({ type }) => type === 'DemoMarked');
  const { erpUrl } = config.outbound;
  if (erpUrl !== undefined) {
    if (marked)
      throw new ConfigurationError([
        `ERP_URL: the data folder ${folder.path} was used with the ERP simulator, and its orders belong there; ` +
          'set HUB_DATA_DIR to a new folder for the real ERP, or unset ERP_URL to go on with the simulator',
      ]);
    return undefined;
  }
  if (!isDemo(config))
    throw new ConfigurationError([
      `ERP_URL: set it to the ERP; the simulator serves only a hub on loopback, and HUB_HOST is ${config.gateway.host}`,
    ]);
  if (!marked) await markDemo(ports);
  const simulator = { folder: folder.file('erp-simulator') };
  try {
    return await startErpSimulator({ ...simulator, port: config.hub.simulatorPort });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return startErpSimulator(simulator);
  }
};

const markDemo = async ({ store, clock }: Ports): Promise<void> => {
  const events = await store.readStream(HUB_STREAM);
  const body: DemoMarked = { type: 'DemoMarked', data: { reason: 'started without ERP_URL' } };
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
