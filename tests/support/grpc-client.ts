import { Client, credentials, loadPackageDefinition, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { ORDER_INTAKE_PROTO } from '@sagahub/adapters/grpc/definitions.ts';

export interface GrpcAnswer {
  /** `OK`, `INVALID_ARGUMENT` … */
  readonly code: string;
  /** The message; absent when it was refused. */
  readonly message: any;
  /** The problem document of a refusal. */
  readonly problem: any;
  /** Of a refusal: the status text. */
  readonly details: string;
  /** The first value of each key, headers and trailers together. */
  readonly metadata: Readonly<Record<string, string | Buffer>>;
}

export interface CallOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
}

/** A client that was made from the published `.proto`, as a partner's would be. */
export class GrpcClient implements Disposable {
  readonly raw: any;

  /** @param ca PEM of who signed the server's certificate; absent: in clear */
  constructor(address: string, ca?: string) {
    const types = loadSync(ORDER_INTAKE_PROTO, { longs: String, defaults: true });
    const { OrderIntake } = (loadPackageDefinition(types) as any).sagahub.v1;
    this.raw = new OrderIntake(address, ca === undefined ? credentials.createInsecure() : credentials.createSsl(Buffer.from(ca)));
  }

  submitOrder(order: object, options?: CallOptions): Promise<GrpcAnswer> {
    return this.#unary('SubmitOrder', order, options);
  }

  getOrder(orderId: string, options?: CallOptions): Promise<GrpcAnswer> {
    return this.#unary('GetOrder', { orderId }, options);
  }

  async submitOrders(orders: Iterable<object>, options: CallOptions = {}): Promise<GrpcAnswer> {
    const { call, answered } = this.openSubmitOrders(options);
    for (const order of orders) if (!call.write(order)) await new Promise<void>((resolve) => void call.once('drain', () => resolve()));
    call.end();
    return answered;
  }

  /** For a test that sends message by message. */
  openSubmitOrders(options: CallOptions = {}): { readonly call: any; readonly answered: Promise<GrpcAnswer> } {
    const { promise, resolve } = Promise.withResolvers<GrpcAnswer>();
    const headers = new Metadata();
    const call = this.raw.SubmitOrders(metadataOf(options), optionsOf(options), (error: ServiceError | null, message: unknown) =>
      resolve(answerOf(error, message, headers)),
    );
    call.on('metadata', (received: Metadata) => headers.merge(received));
    call.on('error', () => {}); // the callback tells of it
    return { call, answered: promise };
  }

  [Symbol.dispose](): void {
    (this.raw as Client).close();
  }

  #unary(method: string, request: object, options: CallOptions = {}): Promise<GrpcAnswer> {
    const headers = new Metadata();
    return new Promise((resolve) => {
      const call = this.raw[method](request, metadataOf(options), optionsOf(options), (error: ServiceError | null, message: unknown) =>
        // The trailers of a good answer come with its status.
        error ? resolve(answerOf(error, message, headers)) : call.once('status', () => resolve(answerOf(null, message, headers))),
      );
      call.on('metadata', (received: Metadata) => headers.merge(received));
      call.on('status', (end: { readonly metadata: Metadata }) => headers.merge(end.metadata));
    });
  }
}

const metadataOf = ({ metadata = {} }: CallOptions): Metadata => {
  const sent = new Metadata();
  for (const [name, value] of Object.entries(metadata)) sent.set(name, value);
  return sent;
};
const optionsOf = ({ deadlineMs }: CallOptions): object => (deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs });

const answerOf = (error: ServiceError | null, message: unknown, headers: Metadata): GrpcAnswer => {
  const received = { ...headers.getMap(), ...error?.metadata?.getMap() };
  const problem = received['problem-bin'];
  return {
    code: status[error?.code ?? status.OK],
    message,
    problem: problem === undefined ? undefined : JSON.parse(problem.toString()),
    details: error?.details ?? '',
    metadata: received,
  };
};
