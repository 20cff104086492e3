import { HubError } from '@sagahub/contracts/errors.ts';

/** An object is pinned to a saga version this process does not have. Its work stays due; deploy the version or finish it elsewhere. */
export class MissingSagaVersionError extends HubError {
  override readonly code = 'HUB_SAGA_VERSION_MISSING';
  override readonly retryable = true;
  constructor(flow: string, version: number, stream: string) {
    super(`${stream} is pinned to version ${version} of the saga ${flow}, which this process does not have`);
  }
}
