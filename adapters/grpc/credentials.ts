import { ServerCredentials } from '@grpc/grpc-js';

/** TLS 1.3 alone, as over HTTP; the library's own `createSsl` takes older versions too. */
class Tls13Credentials extends ServerCredentials {
  constructor(cert: string, key: string) {
    super({ minVersion: 'TLSv1.3' }, { cert, key });
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

/** @param tls PEM; absent: in clear */
export const serverCredentials = (tls: { readonly cert: string; readonly key: string } | undefined): ServerCredentials =>
  tls ? new Tls13Credentials(tls.cert, tls.key) : ServerCredentials.createInsecure();
