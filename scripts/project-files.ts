import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The files at or below the given paths, sorted, from the project's root. A path that does not exist holds none.
 * @param ending keeps only the names it matches
 */
export function filesBelow(paths: readonly string[], ending = /./): string[] {
  const found: string[] = [];
  for (const path of paths) {
    if (!existsSync(path)) continue;
    if (statSync(path).isFile()) {
      found.push(path);
      continue;
    }
    for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) found.push(join(entry.parentPath, entry.name));
    }
  }
  return found.filter((file) => ending.test(file)).sort();
}
