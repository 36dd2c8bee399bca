import type { FoundConnections, FoundEnforcement } from '../../datapath/index.ts';
import { SluiceError } from '../../diagnostics/problem.ts';

/** The tables of the policy in force, and its path. @throws SluiceError where there are none */
export async function findConnections(): Promise<{ policy: string; tables: FoundConnections }> {
  const { readEnforcement } = await import('../../datapath/index.ts');
  const found = readEnforcement();
  return { tables: tablesOf(found), policy: found?.policy.path ?? '' };
}

export function tablesOf(found: FoundEnforcement | undefined): FoundConnections {
  if (!found) throw new SluiceError({ code: 'datapath/nothing-enforced', message: 'no policy is in force here' });
  const tables = found.connections();
  if (tables) return tables;
  throw new SluiceError({ code: 'datapath/no-connections', message: `${found.policy.path} tracks no connections` });
}
