import type { HubSeams } from '@sagahub/hub/hub.ts';

/** The port with some of its methods replaced; all others are its own. */
export const replacing = <Port extends object>(port: Port, methods: Partial<Port>): Port =>
  new Proxy(port, {
    get(target, name) {
      if (Object.hasOwn(methods, name)) return Reflect.get(methods, name) as unknown;
      const own = Reflect.get(target, name, target) as unknown;
      return typeof own === 'function' ? (own.bind(target) as unknown) : own;
    },
  });

type Log = Parameters<NonNullable<HubSeams['log']>>[0];
type Ports = Parameters<NonNullable<HubSeams['ports']>>[0];

/** Comes between one port and the services. */
export const withPort = <Name extends keyof Ports>(name: Name, wrap: (port: Ports[Name]) => Ports[Name]): HubSeams => ({
  ports: (ports) => ({ ...ports, [name]: wrap(ports[name]) }),
});

/** Comes between the thread that writes `log.db` and all that is written there. */
export const withLogWriter = (wrap: (writer: Log['writer']) => Log['writer']): HubSeams => ({
  log: (log) => ({ ...log, writer: wrap(log.writer) }),
});
