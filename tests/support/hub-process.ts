export * from '@sagahub/hub/harness/hub-process.ts';
