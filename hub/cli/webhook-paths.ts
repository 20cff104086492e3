export const WEBHOOKS = '/api/v1/webhooks';
/** Of one subscription. */
export const pathOf = (subscriptionId: string, rest = ''): string => `${WEBHOOKS}/${encodeURIComponent(subscriptionId)}${rest}`;
