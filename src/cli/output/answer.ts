import type { Paint } from './style.ts';

export const outputForms = ['table', 'json', 'ndjson', 'yaml'] as const;
export type OutputForm = (typeof outputForms)[number];

/** What a command answers: as data, and as a person reads it. */
export interface Answer {
  /** For JSON and YAML. Dates become ISO 8601 texts, 64-bit numbers become numbers. */
  readonly data: unknown;
  /** For NDJSON: an object a line. `data` on one line where left out. */
  readonly items?: readonly unknown[];
  /** For people. Ends with a line feed where it is not empty. */
  text(paint: Paint): string;
}

/** The answer as it is written to standard output. */
export async function renderAnswer(answer: Answer, form: OutputForm, paint: Paint): Promise<string> {
  switch (form) {
    case 'table':
      return answer.text(paint);
    case 'json':
      return `${toJson(answer.data, 2)}\n`;
    case 'ndjson':
      return (answer.items ?? [answer.data]).map((item) => `${toJson(item)}\n`).join('');
    case 'yaml': {
      const { stringify } = await import('./yaml.ts');
      return stringify(JSON.parse(toJson(answer.data)), { lineWidth: 0 });
    }
  }
}

/** Counters are exact as numbers up to 2^53: nine petabytes. */
export function toJson(value: unknown, indent = 0): string {
  return JSON.stringify(value, (_, field: unknown) => (typeof field === 'bigint' ? Number(field) : field), indent);
}
