import {
  type sendUnaryData,
  type ServerReadableStream,
  type ServerUnaryCall,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { RouteAnswer } from '@sagahub/contracts/api/route-answer.ts';
import type { Route } from '@sagahub/contracts/api/route.ts';
import { problemAnswer } from '../http/route-call.ts';
import { type CallContext, CallInHand, type RouteRequest } from './call-context.ts';
import { acceptedOf, orderStatusOf } from './messages.ts';
import { type Arrived, messageOf } from './requests.ts';
import { grpcStatusOf, metadataOf, statusOf } from './status.ts';
import { type Submission, submitAll } from './submissions.ts';

type Unary<Message> = ServerUnaryCall<Arrived<Message>, object>;
type Answer = sendUnaryData<object>;

/** The routes behind the calls, by their operation. */
export interface IntakeRoutes {
  readonly place: Route;
  readonly get: Route;
}

export const intakeRoutesOf = (routes: readonly Route[]): IntakeRoutes => {
  const named = (operationId: string): Route => {
    const found = routes.find(({ operation }) => operation.operationId === operationId);
    if (!found) throw new Error(`no route is named ${operationId}`);
    return found;
  };
  return { place: named('placeOrder'), get: named('getOrder') };
};

/** The service of `order-intake.proto`: every call is a request to the route that HTTP has for it. */
export const orderIntake = ({ place, get }: IntakeRoutes, context: CallContext): UntypedServiceImplementation => ({
  SubmitOrder: (call: Unary<object>, answer: Answer) =>
    unary(call, answer, 'SubmitOrder', context, acceptedOf, () => [place, { body: () => messageOf(call.request) }]),

  GetOrder: (call: Unary<{ readonly orderId?: string }>, answer: Answer) =>
    unary(call, answer, 'GetOrder', context, orderStatusOf, () => {
      const { orderId = '' } = messageOf(call.request);
      return [get, { params: { orderId }, url: get.path.replace(':orderId', encodeURIComponent(orderId)) }];
    }),

  SubmitOrders: (call: ServerReadableStream<Arrived<Submission>, object>, answer: Answer) => {
    const inHand = new CallInHand(call, 'SubmitOrders', context);
    void submitAll(call, place, inHand, context).then(({ summary, refused }) => {
      const ids = { 'x-request-id': inHand.requestId };
      if (refused) refuse(refused, inHand, answer, ids);
      else {
        inHand.end(status.OK);
        answer(null, summary, metadataOf({ headers: {} }, ids));
      }
    });
  },
});

const unary = <Message>(
  call: Unary<Message>,
  answer: Answer,
  method: string,
  context: CallContext,
  messageFor: (answer: RouteAnswer) => object,
  requestFor: () => readonly [Route, Omit<RouteRequest, 'correlationId'>],
): void => {
  const inHand = new CallInHand(call, method, context);
  const correlationId = inHand.correlationId();
  const ids = { 'x-request-id': inHand.requestId, 'x-correlation-id': correlationId };
  const result = async (): Promise<RouteAnswer> => {
    try {
      const [route, request] = requestFor();
      return await inHand.callRoute(route, { ...request, correlationId });
    } catch (error) {
      return problemAnswer(error, inHand.requestId, inHand.traceparent);
    }
  };
  void result().then((came) => {
    if (came.status >= 400) return refuse(came, inHand, answer, ids);
    inHand.end(status.OK);
    answer(null, messageFor(came), metadataOf(came, ids));
  });
};

const refuse = (problem: RouteAnswer, inHand: CallInHand, answer: Answer, ids: Readonly<Record<string, string>>): void => {
  inHand.end(grpcStatusOf(problem.status));
  answer(statusOf(problem, metadataOf(problem, ids)));
};
