import { runnable } from '@sagahub/hub/bundle/runnable.ts';

const { runProcess } = await runnable('process');
await runProcess('orchestration-service');
