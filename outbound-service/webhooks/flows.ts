import { categoryOf } from '@sagahub/contracts/events.ts';
import type { FlowFace } from './flows/face.ts';
import { orderFace } from './flows/order.ts';
import { paymentFace } from './flows/payment.ts';

/** Every flow that the outside is told of. */
export const FACES: readonly FlowFace[] = [orderFace, paymentFace];

export const FACE_CATEGORIES: readonly string[] = FACES.map(({ category }) => category);

const BY_CATEGORY: ReadonlyMap<string, FlowFace> = new Map(FACES.map((face) => [face.category, face]));
/** @returns undefined: nobody is told of what happens in such a stream */
export const faceOf = (stream: string): FlowFace | undefined => BY_CATEGORY.get(categoryOf(stream));
