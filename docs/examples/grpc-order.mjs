// Places orders over gRPC. Needs `npm install @grpc/grpc-js @grpc/proto-loader` and contracts/grpc/order-intake.proto.
//
//   HUB_GRPC_ADDRESS=127.0.0.1:9090 TOKEN=$(npx --no-install sagahub token) node docs/examples/grpc-order.mjs PO-1 PO-2
//
// With TLS: HUB_GRPC_TLS=true, and NODE_EXTRA_CA_CERTS=ca.pem where the certificate is not from a public authority.
import { credentials, loadPackageDefinition, Metadata } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const PROTO = new URL('../../contracts/grpc/order-intake.proto', import.meta.url).pathname;
const { OrderIntake } = loadPackageDefinition(loadSync(PROTO, { defaults: true })).sagahub.v1;

const { HUB_GRPC_ADDRESS = '127.0.0.1:9090', HUB_GRPC_TLS, TOKEN } = process.env;
const client = new OrderIntake(HUB_GRPC_ADDRESS, HUB_GRPC_TLS === 'true' ? credentials.createSsl() : credentials.createInsecure());
const metadata = new Metadata();
metadata.set('authorization', `Bearer ${TOKEN}`);
const deadline = () => Date.now() + 10_000;

const orderOf = (orderNumber) => ({
  orderNumber,
  currency: 'EUR',
  buyer: { id: 'C-1001', name: 'Ada Keller' },
  shipTo: { city: 'Lyon', country: 'FR' },
  lines: [{ sku: 'SKU-00042', quantity: '3', unitPrice: '19.90' }],
});

/** One order, one answer. Repeating it after an error that was not about the order is always safe. */
const submit = (order) =>
  new Promise((resolve, reject) =>
    client.SubmitOrder(order, metadata, { deadline: deadline() }, (error, accepted) => (error ? reject(error) : resolve(accepted))),
  );

/** Many orders, one summary: each is accepted or refused for itself. */
const submitAll = (orders) =>
  new Promise((resolve, reject) => {
    const call = client.SubmitOrders(metadata, { deadline: deadline() }, (error, summary) => (error ? reject(error) : resolve(summary)));
    for (const order of orders) call.write({ order });
    call.end();
  });

const [first = 'PO-1', ...others] = process.argv.slice(2);
try {
  const { orderId, replayed } = await submit(orderOf(first));
  console.log(`${first} is ${orderId}${replayed ? ', accepted before' : ''}`);
  if (others.length > 0) {
    const { accepted, refused, results } = await submitAll(others.map(orderOf));
    console.log(`${accepted} accepted, ${refused} refused`);
    for (const { index, problem } of results) if (problem) console.log(`${others[index]}: ${problem.code} ${problem.detail}`);
  }
} catch (error) {
  const problem = error.metadata?.get('problem-bin')[0]; // RFC 9457, as over HTTP
  console.error(problem ? problem.toString() : error.message);
  process.exitCode = 1;
} finally {
  client.close();
}
