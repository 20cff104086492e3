/** Answers a saga's question about something that is ours: stock, discounts, a breaker's history. Idempotent per order. */
export type Participant = (request: any) => Promise<unknown>;
export type Participants = Readonly<Record<string, Participant>>;
