import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigurationError } from './errors.ts';

/** One environment variable. */
export interface Setting<Schema extends z.ZodType = z.ZodType> {
  /** e.g. `HUB_ERP_DEADLINE`. A secret may also come from the file that `<NAME>_FILE` names. */
  readonly env: string;
  /** Parses the string; {@link duration}, {@link integer}, {@link flag} and {@link url} cover most. Use `.optional()` or `.default()`. */
  readonly schema: Schema;
  /** One sentence for `docs/configuration.md`. */
  readonly description: string;
  readonly secret?: boolean;
}
export type Settings = Readonly<Record<string, Setting>>;
export type ConfigOf<S extends Settings> = { readonly [Name in keyof S]: z.output<S[Name]['schema']> };

/** Reads all settings at once; reports every problem in one message. */
export const readConfig = <S extends Settings>(settings: S, env: Readonly<Record<string, string | undefined>>): ConfigOf<S> => {
  const problems: string[] = [];
  const config: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings)) {
    const raw = rawValue(setting, env, problems);
    const parsed = setting.schema.safeParse(raw === '' ? undefined : raw);
    if (parsed.success) config[name] = parsed.data;
    else problems.push(`${setting.env}: ${parsed.error.issues.map((issue) => issue.message).join('; ')}. ${setting.description}`);
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
  return Object.freeze(config) as ConfigOf<S>;
};

const rawValue = (setting: Setting, env: Readonly<Record<string, string | undefined>>, problems: string[]): string | undefined => {
  const file = setting.secret ? env[`${setting.env}_FILE`] : undefined;
  if (!file) return env[setting.env];
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    problems.push(`${setting.env}_FILE: cannot read ${file} (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`);
    return env[setting.env];
  }
};

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** `500ms`, `30s`, `5m`, `72h`, `3d` → milliseconds. */
export const duration = (fallback: string) =>
  z
    .string()
    .regex(/^\d+(ms|s|m|h|d)$/, 'must be a duration such as 500ms, 30s, 5m, 72h or 3d')
    .default(fallback)
    .transform((text) => {
      const [, amount, unit] = /^(\d+)(\D+)$/.exec(text) ?? [];
      return Number(amount) * (UNIT_MS[unit ?? ''] ?? 1);
    });
/** `1s,2s,4s` → milliseconds, in order. */
export const durations = (fallback: string) => {
  const one = duration('0ms');
  return z
    .string()
    .regex(/^\d+(ms|s|m|h)(,\d+(ms|s|m|h))*$/, 'must be durations separated by commas, such as 1s,2s,4s')
    .default(fallback)
    .transform((list) => list.split(',').map((item) => one.parse(item)));
};
export const integer = (fallback: number, min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .default(String(fallback))
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`);
/** Absent: what would listen there is off. */
export const optionalPort = () =>
  z
    .string()
    .regex(/^\d+$/, 'must be a port')
    .transform(Number)
    .refine((port) => port <= 65_535, 'must be from 0 to 65535')
    .optional();
export const flag = (fallback: boolean) =>
  z
    .enum(['true', 'false'], 'must be true or false')
    .default(fallback ? 'true' : 'false')
    .transform((text) => text === 'true');
export const url = () => z.url('must be a URL such as https://erp.example/api').optional();
