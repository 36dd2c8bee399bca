import { openRehearsal } from '../datapath/index.ts';
import type { CheckedPolicy } from '../policy/checked.ts';

export interface Rehearsed {
  readonly before?: CheckedPolicy | undefined;
  readonly after: CheckedPolicy;
  /** The value of SSH_CONNECTION of who asks, which must not be cut. */
  readonly ssh?: string | undefined;
}

/** What is to be known of a change before it is live: the kernel takes the policy's programs, attached to nothing. */
export function rehearseChange({ after }: Rehearsed): void {
  openRehearsal(after).close();
}
