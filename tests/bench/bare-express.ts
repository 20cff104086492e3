/** The yardstick: Express that parses the same order and answers 202, and does nothing else. Prints its URL. */
import type { AddressInfo } from 'node:net';
import express from 'express';

const app = express();
app.post('/api/v1/orders', express.json({ limit: '512kb' }), (request, response) => {
  const { orderNumber } = request.body as { orderNumber: string };
  response.status(202).json({ orderNumber, status: 'received' });
});
const server = app.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ url: `http://127.0.0.1:${port}` }));
});
