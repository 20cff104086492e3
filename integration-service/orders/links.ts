export const ORDERS_PATH = '/api/v1/orders';
export const orderPath = (orderId: string): string => `${ORDERS_PATH}/${orderId}`;

/** Where an order can be seen and acted on. A pure function of its id. */
export const orderLinks = (orderId: string) => ({
  self: orderPath(orderId),
  timeline: `${orderPath(orderId)}/timeline`,
  cancel: `${orderPath(orderId)}/cancel`,
});
