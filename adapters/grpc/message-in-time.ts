import { Metadata, type ServerInterceptor, ServerInterceptingCall } from '@grpc/grpc-js';
import { RequestTimeoutError } from '@sagahub/contracts/errors.ts';
import { newId } from '@sagahub/contracts/ids.ts';
import { problemAnswer } from '../http/route-call.ts';
import { statusOf } from './status.ts';

/**
 * Refuses a call that does not bring its one message in time: the library waits for it without end, and before it is there nobody is asked
 * for a token. Streams have a limit of their own between two messages.
 */
export const messageInTime =
  (timeoutMs: number): ServerInterceptor =>
  ({ requestStream }, call) => {
    if (requestStream) return new ServerInterceptingCall(call);
    let late: NodeJS.Timeout | undefined;
    const stop = (): void => clearTimeout(late);
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, goOn) => {
            late = setTimeout(
              () => call.sendStatus(statusOf(problemAnswer(new RequestTimeoutError(timeoutMs), newId()), new Metadata())),
              timeoutMs,
            );
            goOn(metadata);
          },
          onReceiveHalfClose: (goOn) => {
            stop();
            goOn();
          },
          onCancel: stop,
        }),
      sendStatus: (status, goOn) => {
        stop();
        goOn(status);
      },
    });
  };
