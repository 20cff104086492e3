import { isRepeatable, type RouteAnswer } from '@sagahub/contracts/api/route-answer.ts';
import type { Fault } from '@sagahub/contracts/errors.ts';
import { shortened } from './status.ts';

/** Of one order in a summary, so that the summary of 2,000 fits into the 4 MiB that clients take. */
const FAULTS_PER_RESULT = 5;

/** `OrderAccepted` of the answer to a placed order. */
export const acceptedOf = ({ body, headers }: RouteAnswer): object => ({ ...body, replayed: headers['idempotent-replayed'] === 'true' });

/** `OrderStatus` of an order's view. The message has fewer fields; encoding takes those it knows. */
export const orderStatusOf = ({ body }: RouteAnswer): object => body;

/** `Problem` of a refused order. */
export const problemMessageOf = ({ status, body }: RouteAnswer): object => ({
  ...body,
  errors: shortened((body['errors'] as readonly Fault[] | undefined) ?? [], FAULTS_PER_RESULT),
  repeatable: isRepeatable(status),
});
