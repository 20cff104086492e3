import {
  type sendUnaryData,
  type ServerUnaryCall,
  type ServerWritableStream,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { INTAKE_SERVICE } from './definitions.ts';

interface Asked {
  readonly service?: string;
}

export interface Health {
  readonly implementation: UntypedServiceImplementation;
  /** From now on NOT_SERVING; those who watch are told, and their streams end. */
  stopServing(): void;
}

/** `grpc.health.v1.Health` for the server (the empty name) and for the service. */
export const health = (): Health => {
  let serving = true;
  const watching = new Set<ServerWritableStream<Asked, object>>();
  const knows = ({ service = '' }: Asked): boolean => service === '' || service === INTAKE_SERVICE;
  const present = () => ({ status: serving ? 'SERVING' : 'NOT_SERVING' });
  return {
    implementation: {
      Check: ({ request }: ServerUnaryCall<Asked, object>, answer: sendUnaryData<object>) => {
        if (knows(request)) answer(null, present());
        else answer({ code: status.NOT_FOUND, details: 'this server has no such service' });
      },
      Watch: (call: ServerWritableStream<Asked, object>) => {
        call.write(knows(call.request) ? present() : { status: 'SERVICE_UNKNOWN' });
        if (!serving) return void call.end();
        watching.add(call);
        call.on('cancelled', () => watching.delete(call));
      },
    },
    stopServing: () => {
      serving = false;
      for (const call of watching) {
        if (knows(call.request)) call.write(present());
        call.end();
      }
      watching.clear();
    },
  };
};
