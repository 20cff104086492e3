import { v4, v5, v7 } from 'uuid';

/** Time-ordered id of an event, a request, a job. */
export const newId = (): string => v7();
/** Random id that tells nothing about when it was drawn. */
export const randomId = (): string => v4();

/** `UUIDv5(namespace, partnerId + "\n" + orderNumber)`; resubmissions add their number (2, 3, …). */
export const orderIdOf = (namespace: string, partnerId: string, orderNumber: string, submission = 1): string =>
  v5(submission === 1 ? `${partnerId}\n${orderNumber}` : `${partnerId}\n${orderNumber}\n${submission}`, namespace);

/** UUIDv5 of anything else that must get the same id each time. */
export const derivedId = (namespace: string, ...parts: readonly string[]): string => v5(parts.join('\n'), namespace);
