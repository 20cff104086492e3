import { startPaymentSimulator } from './simulator.ts';

/** The simulator as a process of its own: `node simulators/payment-processor/main.ts [port] [folder of the ledger] [host]`. Ends on SIGTERM and SIGINT. */
const [port = '9091', folder, host] = process.argv.slice(2);
const simulator = await startPaymentSimulator({
  port: Number(port),
  ...(folder !== undefined && { folder }),
  ...(host !== undefined && { host }),
});
console.log(JSON.stringify({ url: simulator.url, controlUrl: simulator.controlUrl }));
const stop = () => void simulator[Symbol.asyncDispose]();
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
