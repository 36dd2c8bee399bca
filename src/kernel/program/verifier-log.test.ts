import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { refusedPrograms } from '../../../test/kernel/refused-programs.ts';
import { summarizeVerifierLog } from './verifier-log.ts';

const testdata = new URL('./testdata/', import.meta.url);

describe('the summary of a log recorded from a kernel', () => {
  it.each(refusedPrograms)('$name', ({ name, reason, instruction }) => {
    const summary = summarizeVerifierLog(readFileSync(new URL(`${name}.log`, testdata), 'utf8'));
    expect(summary.reason).toMatch(reason);
    expect(summary.instruction).toBe(instruction);
  });

  it('is tested for every log', () => {
    expect(readdirSync(testdata).sort()).toEqual(refusedPrograms.map(({ name }) => `${name}.log`).sort());
  });
});

describe('the summary of a log', () => {
  it('has the text of the instruction', () => {
    const log = ['0: R1=ctx() R10=fp0', '0: (bf) r0 = r5      ; R0=?', 'R5 !read_ok', 'processed 1 insns'].join('\n');
    expect(summarizeVerifierLog(log)).toEqual({ reason: 'R5 !read_ok', instruction: 0, text: 'r0 = r5' });
  });

  it('passes over source lines and registers behind the reason', () => {
    const log = ['; return x; @ a.c:3', '7: (95) exit', 'R0 !read_ok', 'cur state: R1=ctx()', 'old state: R1=ctx()'];
    expect(summarizeVerifierLog(log.join('\n'))).toMatchObject({ reason: 'R0 !read_ok', instruction: 7 });
  });

  it('reads the loop message of kernels before 5.3', () => {
    expect(summarizeVerifierLog('back-edge from insn 4 to 2\n')).toMatchObject({ instruction: 4 });
  });

  it.each(['', '\n\n', 'processed 0 insns (limit 1000000)\n', '0: R1=ctx() R10=fp0'])('is empty for %j', (log) => {
    expect(summarizeVerifierLog(log).reason).toBe('');
  });
});
