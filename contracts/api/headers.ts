import { z } from 'zod';

/** Request headers that more than one route takes, as `OperationDoc.headers` wants them. */
export const IDEMPOTENCY_KEY_HEADER = {
  'Idempotency-Key': {
    description: 'Optional: 1 to 255 visible ASCII characters, quoted or bare, scoped to your client.',
    schema: z.string().max(257).optional(),
  },
} as const;

export const PREFER_WAIT_HEADER = {
  Prefer: {
    description: '`wait=N`: hold the answer up to N seconds (at most 30) until it is final.',
    schema: z.string().optional(),
  },
} as const;
