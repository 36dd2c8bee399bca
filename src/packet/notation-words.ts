import type { Problem } from '../diagnostics/problem.ts';
import { SluiceError } from '../diagnostics/problem.ts';
import type { SourceText } from '../diagnostics/source.ts';

/** A word of packet notation and where it stands. */
export interface Word {
  readonly text: string;
  /** From 1, in UTF-16 units. */
  readonly column: number;
}

/** `>` is a word of its own; a value in quotes holds spaces, `\"` and `\\`. */
const WORD = /[^\s"=>]*="(?:[^"\\]|\\.)*"?|>|[^\s>]+/g;

/** The words of one packet, read from first to last, and the problems found on the way. */
export class Words {
  readonly #source: SourceText;
  readonly #words: readonly Word[];
  readonly #problems: Problem[] = [];
  #next = 0;

  constructor(text: string) {
    const line = text.replace(/\s/g, ' ');
    this.#source = { path: '(packet)', text: line };
    this.#words = [...line.matchAll(WORD)].map((match) => ({ text: match[0], column: match.index + 1 }));
  }

  peek(): Word | undefined {
    return this.#words[this.#next];
  }

  take(): Word | undefined {
    return this.#words[this.#next++];
  }

  /** The place behind the last word: where what is missing should stand. */
  end(): Word {
    const last = this.#words.at(-1);
    return { text: '', column: last === undefined ? 1 : last.column + last.text.length + 1 };
  }

  /** Notes that `word` is wrong; `help` says what to do in this very case. */
  wrong(word: Word, message: string, help?: string): void {
    this.#problems.push({
      code: 'packet/notation',
      message,
      place: { source: this.#source, line: 1, column: word.column, length: Math.max(1, word.text.length) },
      ...(help === undefined ? {} : { help }),
    });
  }

  get faulty(): boolean {
    return this.#problems.length > 0;
  }

  /** All problems noted, to be thrown. */
  error(): SluiceError {
    return new SluiceError(this.#problems);
  }
}
