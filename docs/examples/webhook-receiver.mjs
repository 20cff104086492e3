// A subscriber's endpoint: verifies, answers, and only then works. Run it with WEBHOOK_SECRET=whsec_… node webhook-receiver.mjs
import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';

const MAX_BODY_BYTES = 256 * 1024;
/** During a rotation, both secrets: separated by a comma. */
const verifiers = (process.env.WEBHOOK_SECRET ?? '').split(',').map((secret) => new Webhook(secret));
/** Ids that were taken already: messages arrive at least once. A real receiver keeps them in its database, for longer than the hub retries. */
const taken = new Set();

/** The message, or undefined when nobody who knows the secret sent it, or not within the last five minutes. */
const verified = (text, headers) => {
  for (const verifier of verifiers)
    try {
      return verifier.verify(text, headers);
    } catch {
      // the next secret may fit
    }
  return undefined;
};

/** Something quick and durable, such as a row in a queue; what takes long comes later. */
const take = ({ type, data }) => console.log(`${type} ${data.orderNumber ?? ''}`.trim());

const receive = async (request, answer) => {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return answer(413);
    chunks.push(chunk);
  }
  // The signature is over the exact bytes: verify before anything parses them.
  const message = verified(Buffer.concat(chunks).toString('utf8'), request.headers);
  if (!message) return answer(401);
  const id = request.headers['webhook-id'];
  if (!taken.has(id)) {
    take(message);
    taken.add(id);
  }
  answer(204); // anything but 2xx is sent again; 410 ends the subscription
};

const server = createServer((request, response) => {
  const answer = (status) => response.writeHead(status).end();
  receive(request, answer).catch(() => response.destroy());
});

server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`));
