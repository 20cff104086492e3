import { type ServiceDefinition, type UntypedHandleCall } from '@grpc/grpc-js';
import { PayloadTooLargeError } from '@sagahub/contracts/errors.ts';
import { DEFAULT_BODY_BYTES } from '../http/body.ts';
import { messageTypes } from './definitions.ts';
import { checkWireFormat } from './wire-format.ts';

/** A message as it arrived: what it says, or what is wrong with it. The handler answers both; the library would answer a bare INTERNAL. */
export type Arrived<Message> = { readonly message: Message } | { readonly fault: unknown };

/** @throws what is wrong with it */
export const messageOf = <Message>(arrived: Arrived<Message>): Message => {
  if ('fault' in arrived) throw arrived.fault;
  return arrived.message;
};

/** The same service, whose handlers get every message held to the contract. */
export const checkedService = (definition: ServiceDefinition): ServiceDefinition<Record<string, UntypedHandleCall>> =>
  Object.fromEntries(
    Object.entries(definition).map(([name, method]) => {
      const { type } = (method as unknown as { readonly requestType: { readonly type: { readonly name: string } } }).requestType;
      const requestDeserialize = (bytes: Buffer): Arrived<object> => {
        try {
          if (bytes.length > DEFAULT_BODY_BYTES) throw new PayloadTooLargeError(DEFAULT_BODY_BYTES);
          checkWireFormat(bytes, type.name, messageTypes);
          return { message: method.requestDeserialize(bytes) as object };
        } catch (fault) {
          return { fault };
        }
      };
      return [name, { ...method, requestDeserialize }];
    }),
  );
