import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError, DataFolderInUseError } from '@sagahub/contracts/errors.ts';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import { openDataFolder } from './data-folder.ts';

/** Another process that owns the folder; it prints once it does. */
const owner = async (path: string): Promise<ChildProcess> => {
  const script = `
    import { openDataFolder } from '${import.meta.resolve('./data-folder.ts')}';
    globalThis.held = openDataFolder(${JSON.stringify(path)});
    console.log('held');
    setInterval(() => {}, 1_000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
};
const kill = async (child: ChildProcess): Promise<void> => {
  child.kill('SIGKILL');
  await once(child, 'exit');
};

describe('data folder', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'sagahub-data-folder-'));
  });
  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  it('is created with everything above it, for its owner alone', () => {
    const path = join(root, 'deep', 'data');
    using folder = openDataFolder(path);
    assert.equal(folder.file('log.db'), join(path, 'log.db'));
    assert.equal(statSync(path).mode & 0o777, 0o700);
  });

  it('belongs to one owner at a time, even within a process', () => {
    {
      using _ = openDataFolder(root);
      assert.throws(() => openDataFolder(root), DataFolderInUseError);
    }
    openDataFolder(root)[Symbol.dispose]();
  });

  it('tells a second process which folder is in use, by whom, and what to do', async () => {
    const child = await owner(root);
    try {
      assert.throws(
        () => openDataFolder(root),
        (error) =>
          error instanceof DataFolderInUseError &&
          error.code === 'HUB_DATA_FOLDER_IN_USE' &&
          error.message.includes(root) &&
          error.message.includes(`process ${child.pid} `) &&
          error.message.includes('HUB_DATA_DIR'),
      );
    } finally {
      await kill(child);
    }
  });

  it('is free again once its owner was killed', async () => {
    await kill(await owner(root));
    using folder = openDataFolder(root);
    assert.equal(folder.path, root);
  });

  it('says what to do when a file is in the way', () => {
    writeFileSync(join(root, 'file'), '');
    for (const path of [join(root, 'file'), join(root, 'file', 'below')])
      assert.throws(
        () => openDataFolder(path),
        (error) => error instanceof ConfigurationError && error.message.includes('there is a file of that name'),
      );
  });

  it('says what to do where no folder can be made, instead of trying for ever', function () {
    if (!existsSync('/proc/self')) skip(this, 'there is no /proc here');
    assert.throws(
      () => openDataFolder('/proc/sagahub/data'),
      (error) => error instanceof ConfigurationError && /\/proc\/sagahub\/data cannot be used: .*HUB_DATA_DIR/.test(error.message),
    );
  });

  it('says what to do when the user may not write there', async () => {
    const path = join(root, 'data');
    openDataFolder(path)[Symbol.dispose]();
    chmodSync(root, 0o755);
    chmodSync(path, 0o555);
    const script = `
      import { openDataFolder } from '${import.meta.resolve('./data-folder.ts')}';
      if (process.getuid() === 0) process.setuid(65534);
      try { openDataFolder(${JSON.stringify(path)}); } catch (error) { console.log(error.code, error.message); }`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [output] = (await once(child.stdout, 'data')) as [Buffer];
    assert.match(String(output), /^HUB_CONFIGURATION .*may not write there.*HUB_DATA_DIR/s);
  });

  it('says which file to delete when the lock file is damaged', () => {
    writeFileSync(join(root, 'lock.db'), 'this is no database, and far longer than the header of one'.repeat(50));
    assert.throws(
      () => openDataFolder(root),
      (error) => error instanceof ConfigurationError && error.message.includes('lock.db is damaged'),
    );
  });
});
