/** Names in the order's rows of open work. */
export const ADVANCE = 'advance';
export const ERP_SUBMIT = 'erp-submit';
export const ERP_CANCEL = 'erp-cancel';
export const ERP_OVERDUE = 'erp-overdue';
export const ERP_DEADLINE = 'erp-deadline';

export const ORDER_QUEUE = 'orchestration.order';
