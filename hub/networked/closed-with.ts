import type { Service } from '@sagahub/contracts/service.ts';

/** A service that takes others with it when it is closed. */
export const closedWith = (service: Service, ...others: readonly AsyncDisposable[]): Service => ({
  ...service,
  async [Symbol.asyncDispose]() {
    await service[Symbol.asyncDispose]();
    for (const other of others) await other[Symbol.asyncDispose]();
  },
});
