import type * as Sdk from '@opentelemetry/sdk-trace';
import type { Env } from './resource.ts';

/** `OTEL_TRACES_SAMPLER` and its argument by the OpenTelemetry specification (the trace SDK itself no longer reads them). */
export const samplerOf = (sdk: typeof Sdk, env: Env): Sdk.Sampler => {
  const name = env['OTEL_TRACES_SAMPLER'] ?? 'parentbased_always_on';
  const parentBased = name.startsWith('parentbased_');
  const root = rootSampler(sdk, name.replace('parentbased_', ''), env['OTEL_TRACES_SAMPLER_ARG']);
  return parentBased ? new sdk.ParentBasedSampler({ root }) : root;
};

const rootSampler = (sdk: typeof Sdk, name: string, argument: string | undefined): Sdk.Sampler => {
  switch (name) {
    case 'always_on':
      return new sdk.AlwaysOnSampler();
    case 'always_off':
      return new sdk.AlwaysOffSampler();
    case 'traceidratio':
      return new sdk.TraceIdRatioBasedSampler(ratio(argument));
    default:
      throw new Error(
        `OTEL_TRACES_SAMPLER: "${name}" is not always_on, always_off or traceidratio, with or without parentbased_ before it`,
      );
  }
};

const ratio = (argument: string | undefined): number => {
  const value = Number(argument ?? '1');
  if (value >= 0 && value <= 1) return value;
  throw new Error(`OTEL_TRACES_SAMPLER_ARG: must be from 0 to 1, is "${argument}"`);
};
