import { z } from 'zod';

/** A flow's public events by type: when each is told, and its `data`. `ends`: as a rule nothing more is told of the object. */
export type PublicEvents = Readonly<Record<string, { readonly summary: string; readonly data: z.ZodObject; readonly ends?: true }>>;

export const time = z.iso.datetime().describe('ISO 8601, UTC');
export const amount = z.string().describe('decimal string');
export const reason = z.string();
