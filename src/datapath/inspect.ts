import { readFileSync } from 'node:fs';
import { type MapHandle, readProgramInfo } from '../kernel/index.ts';
import type { Generation } from './generation.ts';

/** What the kernel holds for a generation. */
export interface Inspection {
  readonly programs: readonly {
    readonly name: string;
    readonly hook: string;
    /** As the verifier left them: without what the policy does not use. */
    readonly instructions: number;
    /** Instructions that the verifier walked, over all ways; a million is its limit. */
    readonly verifiedSteps: number;
    /** Of machine code. */
    readonly jitedBytes: number;
  }[];
  readonly maps: readonly {
    readonly name: string;
    readonly type: string;
    readonly entries: number;
    /** Of memory, as the kernel accounts for it. */
    readonly bytes: number;
  }[];
}

export function inspect({ programs, maps }: Generation): Inspection {
  return {
    programs: programs.map(({ hook, program }) => {
      const { instructionCount, verifiedInstructions, machineCodeSize } = readProgramInfo(program);
      return {
        name: program.name,
        hook,
        instructions: instructionCount,
        verifiedSteps: verifiedInstructions,
        jitedBytes: machineCodeSize,
      };
    }),
    maps: [...maps.all].map(([name, map]) => ({
      name,
      type: map.type,
      entries: map.maxEntries,
      bytes: memoryOf(map),
    })),
  };
}

function memoryOf({ fd }: MapHandle): number {
  const line = /^memlock:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'));
  return Number(line?.[1] ?? 0);
}
