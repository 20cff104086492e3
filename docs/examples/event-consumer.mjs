// Reads events from the hub's broker. Needs `npm install amqplib`, and a consumer of this name in HUB_CONSUMERS.
//
//   AMQP_URL=amqp://ledger:a-secret@localhost node docs/examples/event-consumer.mjs ledger
import amqp from 'amqplib';

const { AMQP_URL = 'amqp://guest:guest@localhost' } = process.env;
const [name = 'ledger'] = process.argv.slice(2);
/** Ids that were taken already: events arrive at least once. A real consumer keeps them in its database, beside what it writes. */
const taken = new Set();

/** Something durable, such as a row; it is in order for each `subject`, and `sequence` tells when one was late. */
const take = ({ type, subject, sequence, partnerid }) => console.log(`${type} ${subject} ${sequence} ${partnerid}`);

const connection = await amqp.connect(AMQP_URL);
const channel = await connection.createChannel();
await channel.prefetch(50); // in hand at once; the rest waits in the queue
await channel.consume(`events.${name}`, (message) => {
  if (!message) return process.exit(1); // the queue was deleted: whoever runs this starts it again
  try {
    const event = JSON.parse(message.content.toString());
    if (!taken.has(event.id)) {
      take(event);
      taken.add(event.id);
    }
    channel.ack(message);
  } catch (error) {
    console.error(error);
    channel.nack(message, false, false); // it comes again later, a few times; then the hub's operators see it
  }
});
console.log(`reads events.${name}`);
process.once('SIGTERM', () => void connection.close());
