import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The management ports of a hub's processes as one, so that a test asks a networked hub what it asks an embedded one. */
export interface Management extends AsyncDisposable {
  readonly url: string;
}

interface Health {
  readonly status: 'pass' | 'warn' | 'fail';
  readonly checks?: Readonly<Record<string, readonly object[]>>;
}

const SEVERITY = ['pass', 'warn', 'fail'] as const;

/** @param urls of the processes that run at the moment */
export const openManagement = async (urls: () => readonly string[]): Promise<Management> => {
  const answer = async (path: string): Promise<{ readonly status: number; readonly type: string; readonly text: string }> => {
    const answers = await Promise.all(
      urls().map(async (url) => {
        const response = await fetch(url + path);
        return { status: response.status, type: response.headers.get('content-type') ?? '', text: await response.text() };
      }),
    );
    const found = answers.filter(({ status }) => status !== 404);
    const [first] = found.length > 0 ? found : answers;
    if (!first) return { status: 503, type: 'text/plain', text: 'no process runs' };
    const texts = found.map(({ text }) => text);
    if (path === '/metrics') return { ...first, text: mergedMetrics(texts) };
    if (!path.startsWith('/health/')) return first;
    const health = mergedHealth(texts.map((text) => JSON.parse(text) as Health));
    return { ...first, status: health.status === 'fail' ? 503 : 200, text: JSON.stringify(health) };
  };
  const server = createServer((request, response) => {
    answer(request.url ?? '/').then(
      ({ status, type, text }) => response.writeHead(status, { 'content-type': type }).end(text),
      (error: unknown) => response.writeHead(502).end(String(error)),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
};

/** The largest value of each series: what passes through the gateway is counted there and once more in the service behind. */
const mergedMetrics = (texts: readonly string[]): string => {
  const series = new Map<string, number>();
  for (const line of texts.flatMap((text) => text.split('\n'))) {
    if (line === '' || line.startsWith('#')) continue;
    const space = line.lastIndexOf(' ');
    const name = line.slice(0, space);
    series.set(name, Math.max(series.get(name) ?? -Infinity, Number(line.slice(space + 1))));
  }
  return [...series].map(([name, value]) => `${name} ${value}\n`).join('');
};

const mergedHealth = (all: readonly Health[]): Health => {
  const checks: Record<string, object[]> = {};
  for (const health of all) for (const [name, found] of Object.entries(health.checks ?? {})) (checks[name] ??= []).push(...found);
  return { status: SEVERITY.findLast((status) => all.some((health) => health.status === status)) ?? 'pass', checks };
};
