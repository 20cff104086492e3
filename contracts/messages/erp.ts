/**
 * What the order flow asks an ERP connector to deliver: `ExternalCall.request` of `submit` (and of `cancel`, which needs only the
 * reference). Amounts are decimal strings with the currency's minor digits. The personal part (`OrderPersonalData`) travels sealed beside it.
 */
export interface ErpOrderRequest {
  readonly orderNumber: string;
  readonly currency: string;
  /** The buyer's id at the partner. */
  readonly customerId: string;
  readonly items: readonly {
    readonly lineNumber: number;
    readonly sku: string;
    readonly quantity: string;
    readonly unitPrice: string;
  }[];
  readonly subtotal: string;
  readonly discount: string;
  readonly total: string;
}
