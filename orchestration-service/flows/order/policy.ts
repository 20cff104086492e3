/** What the flow takes from configuration. Whatever a later decision depends on is written into the order's own events. */
export interface OrderPolicy {
  /** Name of the ERP's connector; its calls wait in the queue `outbound.<connector>`. */
  readonly connector: string;
  /** Default of `HUB_ERP_OVERDUE_AFTER`: 5 minutes. */
  readonly overdueAfterMs: number;
  /** Default of `HUB_ERP_DEADLINE`: 72 hours. */
  readonly deadlineMs: number;
}
