import { duration as durationSetting } from '@sagahub/contracts/config.ts';
import { InvalidArgumentError } from 'commander';

/** For numbers on the command line. */
export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };

/** `30s`, `5m`, `72h` → milliseconds. */
export const duration = (text: string): number => {
  const parsed = durationSetting('0s').safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError('It must be a duration such as 30s, 5m, 72h or 3d.');
};

/** ISO 8601, or a duration before now: `2026-11-20T10:00:00Z`, `10m`. → ISO 8601 UTC */
export const time = (text: string): string => {
  if (/^\d+(ms|s|m|h|d)$/.test(text)) return new Date(Date.now() - duration(text)).toISOString();
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return new Date(ms).toISOString();
  throw new InvalidArgumentError('It must be a time such as 2026-11-20T10:00:00Z, or how long ago, such as 10m.');
};
