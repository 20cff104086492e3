import { runProcess } from '@sagahub/hub/networked/process.ts';

await runProcess('gateway');
