import type { Inspection } from '../../datapath/index.ts';
import { formatBytes, formatCount } from '../output/numbers.ts';
import type { Paint } from '../output/style.ts';
import { type Column, renderTable } from '../output/table.ts';

const PROGRAM_COLUMNS: readonly Column[] = [
  { head: 'program' },
  { head: 'hook' },
  { head: 'instructions', align: 'right' },
  { head: 'verifier steps', align: 'right' },
  { head: 'machine code', align: 'right' },
];
const MAP_COLUMNS: readonly Column[] = [
  { head: 'map' },
  { head: 'type' },
  { head: 'entries', align: 'right' },
  { head: 'bytes', align: 'right' },
];

/** What the kernel holds for the policy: programs with what they cost the verifier, maps with their memory. */
export function programsText({ programs, maps }: Inspection, paint: Paint): string {
  const programRows = programs.map(({ name, hook, instructions, verifiedSteps, jitedBytes }) => [
    name,
    hook,
    formatCount(instructions),
    formatCount(verifiedSteps),
    formatBytes(jitedBytes),
  ]);
  const mapRows = maps.map(({ name, type, entries, bytes }) => [name, type, formatCount(entries), formatBytes(bytes)]);
  return `${paint('bold', 'programs')}
${renderTable(PROGRAM_COLUMNS, programRows, paint, '  ')}
${paint('bold', 'maps')}
${renderTable(MAP_COLUMNS, mapRows, paint, '  ')}`;
}
