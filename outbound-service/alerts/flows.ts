import { categoryOf } from '@sagahub/contracts/events.ts';
import type { AlertFace } from './flows/face.ts';
import { orderAlerts } from './flows/order.ts';
import { paymentAlerts } from './flows/payment.ts';

/** Every flow of whose objects somebody is told when they get stuck or overdue. */
export const ALERT_FACES: readonly AlertFace[] = [orderAlerts, paymentAlerts];

const BY_CATEGORY: ReadonlyMap<string, AlertFace> = new Map(ALERT_FACES.map((face) => [face.flow, face]));
export const alertFaceOf = (stream: string): AlertFace | undefined => BY_CATEGORY.get(categoryOf(stream));
