import type { Engines } from '../../support/networked-hub.ts';
import { startTcpProxy, type TcpProxy } from '../../servers/tcp-proxy.ts';

/** Whom the hub is connected to. */
export const PEERS = ['PostgreSQL', 'Redis', 'RabbitMQ', 'MongoDB', 'KurrentDB', 'ERP'] as const;
export type Peer = (typeof PEERS)[number];

const SETTING: Readonly<Record<Exclude<Peer, 'ERP'>, Exclude<keyof Engines, 'withoutKeys'>>> = {
  PostgreSQL: 'HUB_POSTGRES_URL',
  Redis: 'HUB_REDIS_URL',
  RabbitMQ: 'HUB_RABBITMQ_URL',
  MongoDB: 'HUB_MONGODB_URL',
  KurrentDB: 'HUB_EVENT_STORE_URL',
};

/** A proxy in every connection of a hub, so that each can be broken without its peer. */
export class Links implements AsyncDisposable {
  readonly #proxies = new Map<Peer, TcpProxy>();

  /** The engines' settings, by way of the proxies. */
  async before(engines: Engines): Promise<Engines> {
    const settings: Record<string, string> = { ...engines };
    for (const [peer, setting] of Object.entries(SETTING) as [keyof typeof SETTING, keyof Engines][])
      if (engines[setting] !== undefined) settings[setting] = await this.through(peer, engines[setting]);
    if (engines.withoutKeys !== undefined) settings['withoutKeys'] = await this.through('PostgreSQL', engines.withoutKeys);
    return settings as unknown as Engines;
  }

  /** @returns the URL by way of the peer's proxy, which is made when it is not there */
  async through(peer: Peer, url: string): Promise<string> {
    const port = /:(\d+)(?=[/?]|$)/.exec(url)?.[1];
    if (port === undefined) throw new Error(`${peer} has no port in its URL`);
    const proxy = this.#proxies.get(peer) ?? (await startTcpProxy(Number(port)));
    this.#proxies.set(peer, proxy);
    return url.replace(`:${port}`, `:${proxy.port}`);
  }

  get peers(): readonly Peer[] {
    return PEERS.filter((peer) => this.#proxies.has(peer));
  }

  to(peer: Peer): TcpProxy {
    const proxy = this.#proxies.get(peer);
    if (!proxy) throw new Error(`this hub has no ${peer}`);
    return proxy;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy[Symbol.asyncDispose]()));
  }
}
