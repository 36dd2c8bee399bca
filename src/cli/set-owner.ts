import type { MembersRequest } from '../daemon/change-members.ts';
import { SluiceError } from '../diagnostics/problem.ts';
import { askedBy } from './daemon/asked-by.ts';

export type { MembersRequest };

/**
 * Has the process that holds the sets change one: how many members were added or removed. Which words of a set's map are
 * free is in that process' memory alone, so that nobody else may write the map.
 * @throws SluiceError as `Enforcement.addMembers` and `removeMembers`; datapath/no-set-owner
 */
export async function changeMembers(request: MembersRequest): Promise<number> {
  const { daemonIfRunning } = await import('../api/client.ts');
  const daemon = daemonIfRunning();
  if (!daemon) throw noOwner();
  const change = 'add' in request ? { add: [...request.add] } : { remove: [...request.remove] };
  return (await daemon.ask('members', { ...askedBy(), set: request.set, ...change })).changed;
}

function noOwner(): SluiceError {
  return new SluiceError({
    code: 'datapath/no-set-owner',
    message: 'no daemon runs here that would change its sets',
    help: 'Only the process that has put the policy in force may: `sluice run` does, when asked.',
  });
}
