import type { Route } from '@sagahub/contracts/api/route.ts';

/** What a reader looks for first stands first: partners, then auditors, then operators. A tag that is not listed comes behind these. */
const TAGS: Readonly<Record<string, string>> = {
  Authorization: 'A client gets a token here; every other request carries it.',
  Orders: 'For partners: post, follow, cancel and resubmit your orders.',
  Payments: 'For partners: post, follow, cancel and refund your payments.',
  Webhooks: 'For partners: being told what happens to your orders.',
  Callbacks: 'For the systems behind: telling what they decided.',
  Audit: 'For auditors: the log itself, and the proof that nobody changed it.',
  'Partners and clients': 'For operators: who may call, and how often.',
  Inventory: 'For operators: stock levels and discounts.',
  'Orders in trouble': 'For operators: retry, compensate, skip or resolve by hand what an order is stuck at.',
  'Dead letters': 'For operators: what could not be done and waits for a decision.',
  Redrives: 'For operators: trying many dead letters again, with an outcome for each.',
  Consumers: 'For operators: who gets events through the broker, and how far they are.',
  Breakers: 'For operators: whether third parties are called at present.',
  'Personal data': 'For operators: erasing a person.',
  Operations: 'For operators: all orders, and the read model.',
  Management: 'For load balancers and orchestrators.',
};

/** Every tag in use, in the order they are shown. */
export const tagsOf = (routes: readonly Route[]): readonly { readonly name: string; readonly description?: string }[] => {
  const used = new Set(routes.map(({ operation }) => operation.tag));
  const listed = Object.keys(TAGS).filter((name) => used.has(name));
  const others = [...used].filter((name) => !(name in TAGS));
  return [...listed, ...others].map((name) => ({ name, ...(TAGS[name] && { description: TAGS[name] }) }));
};
