import type { Enforcement, NewMember } from '../datapath/index.ts';
import { SluiceError } from '../diagnostics/problem.ts';

/** A change to a dynamic set. */
export type MembersRequest =
  | { readonly set: string; readonly add: readonly NewMember[] }
  | { readonly set: string; readonly remove: readonly string[] };

/** How many members were added or removed. */
export function changeMembers(enforcement: Enforcement | undefined, request: MembersRequest): number {
  if (!enforcement) {
    throw new SluiceError({ code: 'datapath/nothing-enforced', message: 'no policy is in force by this daemon' });
  }
  return 'add' in request
    ? enforcement.addMembers(request.set, request.add)
    : enforcement.removeMembers(request.set, request.remove);
}
