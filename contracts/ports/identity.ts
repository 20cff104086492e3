export const SCOPES = {
  'orders:write': 'Post, cancel and resubmit orders',
  'orders:read': 'Read your own orders',
  'payments:write': 'Post, cancel and refund payments',
  'payments:read': 'Read your own payments',
  'webhooks:manage': 'Manage your own webhook subscriptions',
  'audit:read': 'Read every order and payment and the whole event log, personal data sealed',
  'audit:personal': 'Open the personal data of the event log',
  admin: 'Operate the hub: partners, clients, inventory, discounts, dead letters, projections',
} as const;
export type Scope = keyof typeof SCOPES;

/** Who is calling, after the token, the client and the partner were all found valid. */
export interface Principal {
  readonly clientId: string;
  /** The tenant. Every query and every command is bound to it. */
  readonly partnerId: string;
  readonly scopes: ReadonlySet<Scope>;
  /** Requests a minute; 0 = without a limit. */
  readonly rateLimitPerMinute: number;
}

export interface Authenticator {
  /**
   * Checks `Authorization: Bearer <JWT>` by RFC 9068 section 4 and RFC 8725, then the present state of the client and its partner.
   * @throws UnauthenticatedError missing, malformed, expired, foreign or revoked
   */
  authenticate(authorization: string | undefined): Promise<Principal>;

  /**
   * A client whom something else has authenticated, such as a broker its users: with all its scopes, if it may act at present.
   * @throws UnauthenticatedError unknown, revoked, or of a suspended partner
   */
  identify(clientId: string): Promise<Principal>;
}
