import type { Setting, Settings } from '@sagahub/contracts/config.ts';
import { z } from 'zod';
import { cliSettings } from '../cli/settings.ts';
import { settingGroups } from '../config.ts';
import { networkedSettings } from '../networked/settings.ts';

/** Headings of the groups, in the order of the page. */
const SECTIONS: Readonly<Record<keyof typeof settingGroups, string>> = {
  hub: 'The hub',
  gateway: 'API, tokens, limits',
  integration: 'Taking orders in',
  orchestration: 'Sagas, stock, discounts',
  outbound: 'The ERP',
  readModel: 'Read model and event streams',
  telemetry: 'Logs and traces',
};

const INTRODUCTION = `# Configuration

<!-- Made by \`npm run docs\` from the settings in the code. Change it there. -->

The hub is configured by environment variables, read once when it starts. Every problem is told in one message, and \`sagahub doctor\` tells
them before. An empty variable counts as unset. Durations are numbers with a unit: \`500ms\`, \`30s\`, \`5m\`, \`72h\`, \`3d\`.

A *secret* may come from a file instead: \`NAME_FILE\` names it, as secrets of Docker and Kubernetes are mounted.
`;

/** \`docs/configuration.md\`. A variable that several parts read is told once, where it is first read. */
export const configurationPage = (): string => {
  const told = new Set<string>();
  const sections = Object.entries(SECTIONS).map(([group, title]) =>
    section(title, settingGroups[group as keyof typeof settingGroups], told),
  );
  const networked = section('Engines and processes of the networked profile', networkedSettings, told);
  return [INTRODUCTION, ...sections, networked, section('The command line', cliSettings, told)].join('\n');
};

const section = (title: string, settings: Settings, told: Set<string>): string => {
  const fresh = Object.values(settings).filter(({ env }) => !told.has(env));
  for (const { env } of fresh) told.add(env);
  return `## ${title}\n\n| variable | default | what it is |\n|---|---|---|\n${fresh.map(row).join('\n')}\n`;
};

const row = (setting: Setting): string => {
  const secret = setting.secret ? ' *Secret.*' : '';
  return `| \`${setting.env}\` | ${defaultOf(setting)} | ${cell(setting.description)}${choices(setting)}${secret} |`;
};

interface Described {
  readonly default?: string;
  readonly enum?: readonly unknown[];
}
const described = ({ schema }: Setting): Described => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Described;

const defaultOf = (setting: Setting): string => {
  const { default: fallback } = described(setting);
  return fallback === undefined ? '' : `\`${fallback}\``;
};

const choices = (setting: Setting): string => {
  const { enum: values } = described(setting);
  return values && values.length > 1 ? ` One of ${values.map((value) => `\`${String(value)}\``).join(', ')}.` : '';
};

const cell = (text: string): string => text.replaceAll('|', '\\|');
