import type { CompiledPolicy } from '../policy/compile.ts';
import type { GenerationState } from './state.ts';

/** What other processes need to know of the sets of a policy, to read their maps. */
export function setStates({ tries }: CompiledPolicy): GenerationState['sets'] {
  return tries.flatMap(({ set, map, family }) => {
    if (set === undefined) return [];
    const { name, line, file, records } = set;
    const ttlMs = records?.ttlMs;
    const kept = { counters: records?.counters ?? false, ...(ttlMs !== undefined && { ttlMs }) };
    const dynamic = records?.dynamic === true;
    return { name, map, family, line, ...(file !== undefined && { file }), ...kept, ...(dynamic && { dynamic }) };
  });
}
