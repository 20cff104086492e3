import { identifier } from '@sagahub/contracts/api/formats.ts';
import { subjectOf } from '@sagahub/contracts/personal-data.ts';

/** Nothing else was ever the id of a buyer; it comes from outside, unexamined, and names a key. */
const BUYER_ID = identifier();

/**
 * Whose personal data a message holds: the buyer's, as far as it can be read, so that erasing the buyer erases it too; otherwise a subject
 * of its own.
 */
export const subjectOfMessage = (partnerId: string | undefined, inboundId: string, content: Uint8Array): string => {
  const buyerId = partnerId === undefined ? undefined : buyerIdOf(content);
  return partnerId === undefined || buyerId === undefined ? `inbound\n${inboundId}` : subjectOf(partnerId, buyerId);
};

const buyerIdOf = (content: Uint8Array): string | undefined => {
  try {
    const order = JSON.parse(Buffer.from(content).toString('utf8')) as { readonly buyer?: { readonly id?: unknown } } | null;
    return BUYER_ID.safeParse(order?.buyer?.id).data;
  } catch {
    return undefined;
  }
};
