/** `attempt`: which time of being handed in the state is about, from 1. */
export type InboundState =
  | { readonly status: 'none' }
  | { readonly status: 'parked'; readonly attempt: number; readonly truncated: boolean }
  | { readonly status: 'submitting'; readonly attempt: number; readonly sinceMs: number }
  | { readonly status: 'accepted'; readonly attempt: number; readonly orderId: string }
  | { readonly status: 'discarded'; readonly attempt: number };
