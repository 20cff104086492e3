import type { Principal } from './identity.ts';

/** A place among the requests that are being carried out. */
export interface Place {
  /**
   * Gives it back; only the first time counts.
   * @param served the request was carried out, so that the time it took says how loaded the hub is. Default false.
   */
  leave(served?: boolean): void;
}

/**
 * Lets in as many requests at a time as can be carried out without making each other slow; a few more wait, and each partner's turn comes.
 * In memory, for one process.
 */
export interface AdmissionGate {
  /**
   * Would `enter` refuse at present? To be asked before a body is read: a refusal must cost next to nothing.
   * @throws OverloadedError, FairShareError
   */
  check(who: Pick<Principal, 'partnerId'>): void;
  /**
   * A promise only when the request has to wait. Give the place back.
   * @throws OverloadedError, FairShareError, also after having waited
   */
  enter(who: Pick<Principal, 'partnerId'>): Place | Promise<Place>;
}
