/** What the flow takes from configuration. Whatever a later decision depends on is written into the payment's own events. */
export interface PaymentPolicy {
  /** Name of the processor's connector; its calls wait in the queue `outbound.<connector>`. */
  readonly connector: string;
  /** Default of `HUB_PAYMENT_OVERDUE_AFTER`: 5 minutes. */
  readonly overdueAfterMs: number;
  /** Default of `HUB_PAYMENT_EXPIRES_AFTER`: 24 hours, by the clock on the wall: by then the payer is gone, whatever held it up. */
  readonly expiresAfterMs: number;
}
