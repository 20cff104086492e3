import { randomUUID } from 'node:crypto';
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';

export type Env = Readonly<Record<string, string | undefined>>;

/** Who emits: `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` (`key=value,…`, percent-encoded) win over what the process says of itself. */
export const resourceOf = (serviceName: string, version: string, env: Env): Resource =>
  resourceFromAttributes({
    'service.name': serviceName,
    'service.version': version,
    'service.instance.id': randomUUID(),
    ...parseAttributes(env['OTEL_RESOURCE_ATTRIBUTES'] ?? ''),
    ...(env['OTEL_SERVICE_NAME'] ? { 'service.name': env['OTEL_SERVICE_NAME'] } : {}),
  });

const parseAttributes = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split(',')
      .map((pair) => pair.split('=', 2).map((part) => decode(part.trim())))
      .filter((pair): pair is [string, string] => Boolean(pair[0]) && pair[1] !== undefined),
  );

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray % is the operator's own character
  }
};
