import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { AddressRanges, AddressSet, SetMembers } from '../checked.ts';
import type { Path } from '../parse/document.ts';
import { createAddressRangesBuilder } from './address-ranges.ts';
import { createAddressRange } from './address-text.ts';
import { checkAddressSet, checkAddressText } from './addresses.ts';
import { readSetFile } from './set-file.ts';
import type { SetOptionsInput } from './set-options.ts';
import type { SetContext } from './sets.ts';

export type AddressSetInput = readonly (string | undefined)[];

export interface FileSetInput extends SetOptionsInput {
  readonly file: string;
}

export interface ListSetInput extends SetOptionsInput {
  readonly addresses: AddressSetInput;
}

/** A dynamic set without members of its own. */
export interface EmptySetInput extends SetOptionsInput {
  readonly dynamic: true;
}

export interface AddressSetContent extends Pick<AddressSet, 'feed' | 'selection'> {
  /** Without what is in the files: that changes while the policy is in force. */
  readonly ranges: AddressRanges;
  /** Absolute path. */
  readonly file?: string;
  members(): SetMembers;
  /** Sets with a file or with records that this one includes, also by way of others. */
  readonly includedFiles: ReadonlySet<string>;
}

/** A list of addresses and of other sets, or undefined when some of it is wrong, which is reported. */
export function checkAddressList(
  input: AddressSetInput,
  path: Path,
  context: SetContext,
): AddressSetContent | undefined {
  const builder = createAddressRangesBuilder();
  const range = createAddressRange();
  const includedFiles = new Set<string>();
  let wrong = false;
  for (const [index, item] of input.entries()) {
    const place = [...path, index];
    const text = item?.trim() ?? '';
    if (text.startsWith('@')) {
      const name = text.slice(1);
      if (context.include(name, place) && checkAddressSet(name, place, context)) {
        const set = context.addressSets.get(name);
        if (set && set.file === undefined && !set.records) builder.addAll(set.ranges);
        for (const file of context.fileSets.get(name) ?? []) includedFiles.add(file);
      } else wrong = true;
    } else if (checkAddressText(text, place, range, context)) builder.add(range);
    else wrong = true;
  }
  return wrong ? undefined : { ranges: builder.build(), members: builder.members, includedFiles };
}

/** The addresses in a file, or undefined when it cannot be read or a line is wrong, which is reported. */
export function checkFileSet(
  { file }: FileSetInput,
  path: Path,
  { policyPath, report }: SetContext,
): AddressSetContent | undefined {
  const absolute = resolve(dirname(policyPath), file);
  const result = readSetFile(absolute, isAbsolute(file) ? file : join(dirname(policyPath), file));
  if ('ranges' in result) return { ...result, file: absolute, includedFiles: new Set() };
  if ('problems' in result) for (const problem of result.problems) report.add(problem);
  else {
    const { code, message, help = 'a relative path begins at the policy file' } = result.unreadable;
    report.error(code, [...path, 'file'], message, { help });
  }
  return undefined;
}
