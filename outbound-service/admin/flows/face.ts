import type { OperationDoc } from '@sagahub/contracts/api/route.ts';
import type { Command } from '@sagahub/contracts/saga.ts';
import { z } from 'zod';

type Doc = Pick<OperationDoc, 'operationId' | 'summary' | 'description' | 'requestSchema' | 'requestExample'>;

/** An act that takes more than a reason. */
export interface ActFace {
  /** Last part of its path. */
  readonly name: string;
  readonly operation: Doc & { readonly requestSchema: z.ZodType<object> };
  /** What the flow is asked for with what the operator said, who that is and why. */
  readonly command: Command['type'];
}

/** What operators do about single objects of a flow: how the API calls it. The flow decides. */
export interface OperatorFace {
  readonly flow: string;
  /** `/api/v1/admin/orders`. */
  readonly path: string;
  /** Parameter and member of answers: the object's id. */
  readonly id: string;
  /** As people name one: `order`. */
  readonly one: string;
  readonly tag: string;
  readonly viewId: string;
  readonly retry: Doc;
  readonly compensate: Doc;
  readonly acts: readonly ActFace[];
}
