import type { IncomingMessage, ServerResponse } from 'node:http';
import helmet from 'helmet';

/**
 * What helmet sets for an API that serves JSON to programs. Asked once, at start: the answer is the same for every request,
 * and is written together with the other headers instead of one by one.
 */
export const securityHeaders = (tls: boolean): Readonly<Record<string, string>> => {
  const headers: Record<string, string> = {};
  const sink = {
    setHeader: (name: string, value: string) => (headers[name.toLowerCase()] = value),
    removeHeader: (name: string) => delete headers[name.toLowerCase()],
  };
  const ask = helmet({
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    frameguard: { action: 'deny' },
    strictTransportSecurity: tls,
  });
  ask({} as IncomingMessage, sink as unknown as ServerResponse, () => {});
  return Object.freeze({ ...headers, 'cache-control': 'no-store' });
};
