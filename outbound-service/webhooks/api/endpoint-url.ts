import { ValidationError } from '@sagahub/contracts/errors.ts';
import type { SubscriberClient } from '@sagahub/contracts/ports/http-client.ts';

const HTTPS_PORT = 443;
const HTTP_PORT = 80;
/** Ports below belong to other protocols, whose servers may take a request for theirs. */
const FIRST_USER_PORT = 1_024;

/** What is wrong with an address as an endpoint, for who typed it; `undefined` when nothing is. Looks at the text alone. */
export const faultOfUrl = (text: string, allowHttp: boolean): string | undefined => {
  const url = URL.parse(text);
  if (!url) return 'must be an absolute URL such as https://shop.example/webhooks';
  if (url.protocol !== 'https:' && !(allowHttp && url.protocol === 'http:')) return `must begin with https://, not with ${url.protocol}//`;
  if (url.username !== '' || url.password !== '') return 'must not contain a user or password: messages are signed instead';
  if (url.hash !== '') return 'must not contain a fragment (#): it is never sent';
  const port = url.port === '' ? HTTPS_PORT : Number(url.port);
  const isUsual = port === HTTPS_PORT || (allowHttp && port === HTTP_PORT) || port >= FIRST_USER_PORT;
  return isUsual ? undefined : `must not use port ${port}: take 443, or one from ${FIRST_USER_PORT} on`;
};

/** @throws ValidationError it is no endpoint the hub may call, as far as can be told now; every attempt looks again */
export const requireEndpoint = async (text: string, allowHttp: boolean, client: Pick<SubscriberClient, 'examine'>): Promise<void> => {
  const wrong = faultOfUrl(text, allowHttp);
  if (wrong !== undefined) throw new ValidationError([{ pointer: '#/url', code: 'not-an-endpoint', detail: wrong }]);
  const refused = await client.examine(new URL(text).hostname);
  if (refused !== undefined)
    throw new ValidationError([{ pointer: '#/url', code: 'not-reachable', detail: `must be an address the hub may call: ${refused}` }]);
};
