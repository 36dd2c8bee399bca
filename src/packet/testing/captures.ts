import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Real packets that stand beside the repository, not in it. */
const folder = join(import.meta.dirname, '../../../../shared/captures');

/** Why tests on real captures are skipped, or false where the captures are there. */
export const noCaptures = existsSync(folder) ? false : `no captures at ${folder}`;

/** Names of all captures, sorted; none where the folder is absent. */
export const captureNames: readonly string[] = noCaptures
  ? []
  : readdirSync(folder)
      .filter((name) => /\.pcap(ng)?$/.test(name))
      .sort();

export function capturePath(name: string): string {
  return join(folder, name);
}
