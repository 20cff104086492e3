export * from '@sagahub/hub/harness/api-client.ts';
