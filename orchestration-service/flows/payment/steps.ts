/** Names in the payment's rows of open work. */
export const ADVANCE = 'advance';
export const AUTHORIZE = 'authorize';
export const REVERSE = 'reverse';
export const OVERDUE = 'authorize-overdue';
export const EXPIRY = 'authorize-expiry';

export const PAYMENT_QUEUE = 'orchestration.payment';
