/**
 * Every error that Sluice can show: its code, what it means in one sentence, and what to do.
 * docs/errors.md is generated from it. Codes are `area/what`; add yours to the area's block.
 */
export const errors = {
  'policy/syntax': {
    meaning: 'The file is not valid YAML or JSON.',
    help: 'Mend the syntax at the place shown; an editor with the JSON Schema marks it as you type.',
  },
} as const satisfies Record<string, { readonly meaning: string; readonly help: string }>;

export type ErrorCode = keyof typeof errors;
