import assert from 'node:assert/strict';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { EXIT } from './exit-codes.ts';
import { allCommands, programOf } from './main.ts';
import { sagahub } from './testing/command-line.ts';

const ROOT = resolve(import.meta.dirname, '../..');

describe('the sagahub command line', () => {
  it('tells usage, a missing hub and missing credentials apart by its exit code', async () => {
    const nowhere = { HUB_URL: `http://127.0.0.1:${await unusedPort()}`, HUB_DATA_DIR: resolve(tmpdir(), 'sagahub-none') };
    const somebody = { ...nowhere, HUB_CLIENT_ID: 'me', HUB_CLIENT_SECRET: 'secret' };
    const [help, version, unknown, badOption, badNumber, lost, nobody, half] = await Promise.all([
      sagahub(['--help']),
      sagahub(['--version']),
      sagahub(['frobnicate']),
      sagahub(['orders', 'list', '--colour', 'red']),
      sagahub(['orders', 'list', '--limit', 'many']),
      sagahub(['orders', 'list'], { env: somebody }),
      sagahub(['orders', 'list'], { env: nowhere }),
      sagahub(['orders', 'list'], { env: { ...nowhere, HUB_CLIENT_ID: 'me' } }),
    ]);
    assert.deepEqual([help.code, version.code], [EXIT.ok, EXIT.ok]);
    assert.deepEqual([unknown.code, badOption.code, badNumber.code, half.code], [EXIT.usage, EXIT.usage, EXIT.usage, EXIT.usage]);
    assert.deepEqual([lost.code, nobody.code], [EXIT.unreachable, EXIT.unauthorized]);
    assert.match(lost.stderr, /http:\/\/127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\)\. Is it running\?/);
    assert.match(nobody.stderr, /who is calling\? Set HUB_CLIENT_ID/);
    assert.match(help.stdout, /orders[^]*events[^]*audit[^]*backup/);
  });

  it('has every command and option that the documentation names', async () => {
    const program = programOf(await allCommands());
    const texts = ['README.md', ...globSync('{docs,docs/decisions,observability}/*.md', { cwd: ROOT })].map(
      (name) => [name, readFileSync(resolve(ROOT, name), 'utf8')] as const,
    );
    const mentions = texts.flatMap(([name, text]) =>
      [...text.matchAll(/(?<!-n )\bsagahub ((?:--)?[a-z][^`'\n#|)]*)/g)].map(([, words = '']) => ({ name, words: words.trim() })),
    );
    assert.ok(mentions.length > 20);
    assert.deepEqual(
      mentions.flatMap(({ name, words }) => faultsOf(program, words).map((fault) => `${name}: sagahub ${words}: ${fault}`)),
      [],
    );
  });

  it('is documented in docs/cli.md, command by command, and its exit codes too', async () => {
    const page = readFileSync(resolve(ROOT, 'docs/cli.md'), 'utf8');
    const leaves = (command: Command, path: string): string[] =>
      command.commands.length === 0 ? [path] : command.commands.flatMap((child) => leaves(child, `${path} ${child.name()}`));
    const missing = leaves(programOf(await allCommands()), 'sagahub').filter((path) => !page.includes(`\`${path}`));
    assert.deepEqual(missing, []);
    for (const code of Object.values(EXIT)) assert.match(page, new RegExp(`^\\| ${code} \\|`, 'm'));
  });
});

/** Of a listener that is closed again. */
const unusedPort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
};

/** Follows the words to a command, and looks for the options there. */
const faultsOf = (program: Command, words: string): string[] => {
  const tokens = words.split(/\s+/);
  let command = program;
  while (command.commands.length > 0 && tokens[0] !== undefined && !tokens[0].startsWith('-')) {
    const next = command.commands.find((child) => child.name() === tokens[0]);
    if (!next) return [`there is no ${tokens[0]}`];
    command = next;
    tokens.shift();
  }
  const known = new Set(['--help', '--version', ...command.options.map(({ long }) => long)]);
  return tokens.filter((token) => /^--[a-z]/.test(token) && !known.has(token.split('=')[0] ?? '')).map((token) => `there is no ${token}`);
};
