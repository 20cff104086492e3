import { fileURLToPath } from 'node:url';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import type { MessageType } from './wire-format.ts';

/** What is absent stays absent, and names are those of the JSON contract. */
const OPTIONS = { longs: String, enums: String, defaults: false, oneofs: false } as const;
const load = (file: string): PackageDefinition => loadSync(fileURLToPath(new URL(file, import.meta.url)), OPTIONS);

/** Where the contract lies, for clients too. */
export const ORDER_INTAKE_PROTO = fileURLToPath(new URL('../../contracts/grpc/order-intake.proto', import.meta.url));

interface Message {
  readonly type: object;
  readonly serialize: (value: object) => Buffer;
}

const intake = load('../../contracts/grpc/order-intake.proto');
const health = load('./health.proto');
const details = load('./error-details.proto');

export const ORDER_INTAKE = intake['sagahub.v1.OrderIntake'] as ServiceDefinition;
export const HEALTH = health['grpc.health.v1.Health'] as ServiceDefinition;
export const INTAKE_SERVICE = 'sagahub.v1.OrderIntake';

/** A message of google.rpc as its bytes. */
export const encodeDetail = (name: string, value: object): Buffer => (details[`google.rpc.${name}`] as unknown as Message).serialize(value);

/** Message types of the contract by their names, as `typeName` gives them. */
export const messageTypes: ReadonlyMap<string, MessageType> = new Map(
  Object.entries(intake)
    .filter(([, { format }]) => typeof format === 'string')
    .map(([name, message]) => [name.replace('sagahub.v1.', ''), (message as unknown as Message).type as MessageType]),
);
