import { z } from 'zod';
import { text } from './formats.ts';

/** Every act of an operator says why: it stands in the history. */
export const operatorReason = text(500).meta({ description: 'Why; kept in the history, in clear: no personal data.' });
export const operatorReasonBody = z.strictObject({ reason: operatorReason }).meta({ id: 'OperatorReason' });
