export const ORDERS_PATH = '/api/v1/orders';
export const orderPath = (orderId: string): string => `${ORDERS_PATH}/${orderId}`;

/** Where an order can be seen. A pure function of its id. */
export const orderLinks = (orderId: string) => ({ self: orderPath(orderId), timeline: `${orderPath(orderId)}/timeline` });

/** And where it can be cancelled: an order that was just accepted, or is not known to have ended. */
export const openOrderLinks = (orderId: string) => ({ ...orderLinks(orderId), cancel: `${orderPath(orderId)}/cancel` });
