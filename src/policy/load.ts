import { extname } from 'node:path';
import { type Problem, SluiceError } from '../diagnostics/problem.ts';
import type { SourceText } from '../diagnostics/source.ts';
import { type CheckResult, checkDocument, checkPolicy } from './check.ts';
import type { CheckedPolicy } from './checked.ts';
import { loadModule, moduleDocument } from './parse/module.ts';
import { decodeText, readRegularFile } from './parse/read-file.ts';
import { recheckPolicy } from './recheck.ts';

const TEXT_FORMATS = ['.yaml', '.yml', '.json'];
const MODULE_FORMATS = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'];

const MAX_BYTES = 16 * 1024 * 1024;

/** Reads and checks a policy file; its format is told by its name. Throws SluiceError with all that is wrong. */
export async function loadPolicy(path: string): Promise<CheckedPolicy> {
  const { policy, problems } = await examinePolicy(path);
  if (!policy) throw new SluiceError(problems);
  return policy;
}

/** A policy as it can be kept and sent, and checked again where its file is not. */
export interface PolicyText {
  readonly source: SourceText;
  /** Of a program: what it exports, as data. */
  readonly evaluated?: unknown;
}

/** Reads a policy file, and runs it where it is a program. Throws SluiceError where it cannot be read or does not run. */
export async function readPolicyText(path: string): Promise<PolicyText> {
  const read = readSource(path);
  if ('problems' in read) throw new SluiceError(read.problems);
  if (read.kind === 'text') return { source: read.source };
  return { source: read.source, evaluated: (await loadModule(read.source)).value };
}

/**
 * Checks what `readPolicyText` gave. Files of sets are read, relative to the policy's path.
 * @param before an earlier version, of which unchanged rules are taken
 */
export function examineText({ source, evaluated }: PolicyText, before?: CheckResult): CheckResult {
  if (evaluated !== undefined) return checkDocument(moduleDocument(source, evaluated));
  return before ? recheckPolicy(before, source) : checkPolicy(source);
}

/**
 * As `loadPolicy`, but what is wrong is part of the result, and so are the warnings.
 * @param before an earlier version, of which unchanged rules are taken
 */
export async function examinePolicy(path: string, before?: CheckResult): Promise<CheckResult> {
  const read = readSource(path);
  if ('problems' in read) return read;
  if (read.kind === 'program') return await checkModule(read.source);
  return before ? recheckPolicy(before, read.source) : checkPolicy(read.source);
}

type ReadSource =
  | { readonly kind: 'text' | 'program'; readonly source: SourceText }
  | { readonly problems: readonly Problem[] };

function readSource(path: string): ReadSource {
  const format = extname(path).toLowerCase();
  const bytes = readRegularFile(path, MAX_BYTES);
  if (!Buffer.isBuffer(bytes)) return { problems: [bytes] };
  const decoded = decodeText(bytes);
  if ('reason' in decoded) {
    return { problems: [{ code: 'policy/not-text', message: `${path} is not a text: it has ${decoded.reason}` }] };
  }
  const source = { path, text: decoded.text };
  if (TEXT_FORMATS.includes(format)) return { kind: 'text', source };
  if (MODULE_FORMATS.includes(format)) return { kind: 'program', source };
  return { problems: [{ code: 'policy/unknown-format', message: `the name of ${path} does not tell its format` }] };
}

async function checkModule(source: SourceText): Promise<CheckResult> {
  try {
    return checkDocument(await loadModule(source));
  } catch (error) {
    if (error instanceof SluiceError) return { problems: error.problems };
    throw error;
  }
}
