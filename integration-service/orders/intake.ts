import type { PlaceOrder } from '@sagahub/contracts/api/orders.ts';
import type { Entry } from '../intake/entry.ts';
import type { Fingerprint } from '../intake/fingerprint.ts';
import { openIntake as openIntakeOf, type IntakePorts } from '../intake/intake.ts';
import { orderKind, type Resubmission } from './kind.ts';

export interface Accepted {
  readonly orderId: string;
  /** The same order had been accepted before; nothing was written now. */
  readonly replayed: boolean;
}

export interface OrderIntake {
  readonly fingerprint: Fingerprint;
  /**
   * Accepts an order as every flow's intake does: when this resolves it is on disk.
   * @param resubmission absent for the first submission of its number
   */
  placeOrder(command: PlaceOrder, entry: Entry, resubmission?: Resubmission): Promise<Accepted>;
}

export const openIntake = async (ports: IntakePorts, duplicateCacheMs: number): Promise<OrderIntake> => {
  const intake = await openIntakeOf(orderKind, ports, duplicateCacheMs);
  return {
    fingerprint: intake.fingerprint,
    placeOrder: async (command, entry, resubmission) => {
      const { objectId, replayed } = await intake.accept({ command, ...(resubmission ?? { submission: 1 }) }, entry);
      return { orderId: objectId, replayed };
    },
  };
};
