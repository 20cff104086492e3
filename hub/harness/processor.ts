import { randomBytes } from 'node:crypto';
import { PAYMENT_CALLBACK_PATH } from '@sagahub/outbound-service/connectors/payment-processor/callback.ts';
import { type PaymentSimulator, startPaymentSimulator } from '@sagahub/simulators/payment-processor/simulator.ts';

const SECRET_BYTES = 32;

/** A simulated payment processor beside a hub under test, which calls it back wherever it is started again. */
export class ProcessorBeside implements AsyncDisposable {
  readonly simulator: PaymentSimulator;
  /** What the two sign with. */
  readonly secret = `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;

  private constructor(simulator: PaymentSimulator) {
    this.simulator = simulator;
  }

  static async start(seed?: number): Promise<ProcessorBeside> {
    return new ProcessorBeside(await startPaymentSimulator(seed === undefined ? {} : { seed }));
  }

  /** For the environment of the hub. */
  get env(): Readonly<Record<string, string>> {
    return { PAYMENT_PROCESSOR_URL: this.simulator.url, HUB_PAYMENT_CALLBACK_SECRET: this.secret };
  }

  /** The hub answers there from now on. */
  hubAt(url: string): void {
    this.simulator.callBack({ url: `${url}${PAYMENT_CALLBACK_PATH}`, secret: this.secret });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.simulator[Symbol.asyncDispose]();
  }
}
