import { startErpSimulator } from './simulator.ts';

/** The simulator as a process of its own: `node simulators/erp/main.ts [port] [folder of the ledger] [host]`. Ends on SIGTERM and SIGINT. */
const [port = '9090', folder, host] = process.argv.slice(2);
const simulator = await startErpSimulator({
  port: Number(port),
  ...(folder !== undefined && { folder }),
  ...(host !== undefined && { host }),
});
console.log(JSON.stringify({ url: simulator.url, controlUrl: simulator.controlUrl }));
const stop = () => void simulator[Symbol.asyncDispose]();
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
