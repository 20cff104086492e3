import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Where `install-tools.sh` puts what it builds. */
const BUILT = process.env['HUB_TEST_TOOLS_DIR'] ?? join(homedir(), '.cache', 'sagahub');
const VERSIONS = { kustomize: '5.8.1', 'kube-score': '1.20.0' };
type Tool = keyof typeof VERSIONS;

const onPath = (name: string): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(existsSync);

/** The command and its first arguments; `undefined` where it is not installed. */
export const findTool = (tool: Tool): readonly string[] | undefined => {
  const built = join(BUILT, `${tool}-${VERSIONS[tool]}`, tool);
  if (existsSync(built)) return [built];
  const installed = onPath(tool);
  if (installed) return [installed];
  const kubectl = tool === 'kustomize' ? onPath('kubectl') : undefined;
  return kubectl === undefined ? undefined : [kubectl, 'kustomize'];
};

export const whyMissing = (tool: Tool): string => `${tool} is not installed (k8s/testing/install-tools.sh builds it)`;

export interface ToolOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export const runTool = ([command = '', ...first]: readonly string[], args: readonly string[], input = ''): Promise<ToolOutcome> =>
  new Promise((resolve) => {
    const child = execFile(command, [...first, ...args], { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr }),
    );
    child.stdin?.end(input);
  });
