/**
 * Share of the places of intake that is left beside decisions which were accepted and nobody has got to: each order that comes in
 * makes some, on the same processor. Where more came in than is decided on, memory would grow with it for as long as that lasts, and the work would
 * keep everybody waiting long after.
 *
 * | decisions waiting  | share of the places |
 * |--------------------|---------------------|
 * | up to `FEW`        | all                 |
 * | between            | in proportion       |
 * | `MANY` and more    | none                |
 *
 * A third party that is slow or away holds up no decision: its calls wait elsewhere, and orders for it are accepted as ever.
 */
export const shareBeside = (waiting: number): number => Math.min(1, Math.max(0, (MANY - waiting) / (MANY - FEW)));

/** Half a second's work or less. */
const FEW = 500;
/** What a process has done again within some two seconds. */
const MANY = 2_000;
