// Places an order as a message and waits for its answer. Needs `npm install amqplib`.
//
//   AMQP_URL=amqp://demo:a-secret@localhost node docs/examples/amqp-order.mjs PO-1
import { randomUUID } from 'node:crypto';
import amqp from 'amqplib';

const { AMQP_URL = 'amqp://demo:a-secret@localhost' } = process.env;
const [orderNumber = 'PO-1'] = process.argv.slice(2);
const order = {
  orderNumber,
  currency: 'EUR',
  buyer: { id: 'C-1001', name: 'Ada Keller' },
  shipTo: { city: 'Lyon', country: 'FR' },
  lines: [{ sku: 'SKU-00042', quantity: '3', unitPrice: '19.90' }],
};

const connection = await amqp.connect(AMQP_URL);
const channel = await connection.createConfirmChannel();
const correlationId = randomUUID();
const answer = Promise.withResolvers();
await channel.consume(
  'amq.rabbitmq.reply-to',
  (message) => {
    if (message?.properties.correlationId === correlationId) answer.resolve(message);
  },
  { noAck: true },
);
channel.publish('orders.inbound', '', Buffer.from(JSON.stringify(order)), {
  persistent: true,
  contentType: 'application/json',
  userId: decodeURIComponent(new URL(AMQP_URL).username), // who you are: the broker checks it
  messageId: `order-${orderNumber}`, // the same for every repeat
  correlationId,
  replyTo: 'amq.rabbitmq.reply-to',
});
await channel.waitForConfirms(); // now the broker has it, whatever happens
const { content, properties } = await answer.promise;
console.log(properties.headers.status, content.toString());
await connection.close();
