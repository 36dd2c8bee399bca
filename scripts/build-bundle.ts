import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { filesBelow } from './project-files.ts';

const entries = {
  cli: 'src/cli/main.ts',
  index: 'src/index.ts',
  asm: 'src/asm/index.ts',
  kernel: 'src/kernel/index.ts',
};

/** Native code and a TypeScript loader: installed beside the bundle, loaded only by the commands that need them. */
const installedBeside = ['koffi', 'jiti'];

export const bundles = Object.keys(entries).map((name) => `dist/${name}.js`);

/**
 * Bundles the command and the published modules. All share their chunks, so that a SluiceError is the same class
 * wherever it comes from, and so that a command loads only what it uses.
 */
export async function buildBundles(): Promise<void> {
  for (const file of filesBelow(['dist'], /^dist\/(chunks\/)?[^/]+\.js$/)) rmSync(file);
  const { metafile } = await build({
    entryPoints: entries,
    outdir: 'dist',
    bundle: true,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    external: installedBeside,
    // Bundled CommonJS packages call require() for Node's own modules.
    banner: { js: "import{createRequire as $require}from'node:module';const require=$require(import.meta.url);" },
    metafile: true,
    logLevel: 'warning',
  });
  writeFileSync('dist/THIRD-PARTY-LICENSES.txt', licensesOf(metafile));
}

/** The licence of each package whose code is in a bundle: most ask to be named wherever their code goes. */
function licensesOf(metafile: Metafile): string {
  const packages = new Set<string>();
  for (const input of Object.keys(metafile.inputs)) {
    const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
    if (folder !== undefined) packages.add(folder);
  }
  return [...packages].sort().map(licenseOf).join('\n\n');
}

function licenseOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageName;
  const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license'].find((file) => existsSync(join(folder, file)));
  const text = file === undefined ? `License: ${license}` : readFileSync(join(folder, file), 'utf8').trim();
  return `${name} ${version}\n${'-'.repeat(name.length + version.length + 1)}\n${text}\n`;
}

interface PackageName {
  readonly name: string;
  readonly version: string;
  readonly license: string;
}
