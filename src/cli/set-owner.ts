import type { NewMember } from '../datapath/index.ts';
import { SluiceError } from '../diagnostics/problem.ts';

/** A change to a dynamic set. */
export type MembersRequest =
  | { readonly set: string; readonly add: readonly NewMember[] }
  | { readonly set: string; readonly remove: readonly string[] };

/**
 * Has the process that holds the sets change one: how many members were added or removed. Which words of a set's map are
 * free is in that process' memory alone, so that nobody else may write the map.
 * @throws SluiceError as `Enforcement.addMembers` and `removeMembers`; datapath/no-set-owner
 */
export async function changeMembers(_request: MembersRequest): Promise<number> {
  throw new SluiceError({
    code: 'datapath/no-set-owner',
    message: 'no daemon runs here that would change its sets',
    help: 'Only the process that has put the policy in force may: `sluice run` does, when asked.',
  });
}
