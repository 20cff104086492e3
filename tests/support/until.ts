export * from '@sagahub/hub/harness/until.ts';
