import type { Gateway } from '@sagahub/gateway/service.ts';

/** The client that adds the first partners and clients, where no demo clients can. */
export const ensureAdmin = (gateway: Pick<Gateway, 'directory'>, secret: string): Promise<void> =>
  gateway.directory.ensureClient({
    clientId: 'admin',
    partnerId: 'hub',
    partnerName: 'The hub itself',
    scopes: ['admin', 'orders:read', 'payments:read', 'audit:read', 'audit:personal'],
    secret,
  });
