import type { CbpfInstruction } from '../cbpf.ts';
import type { FilterMatch } from '../checked.ts';
import type { Path } from '../parse/document.ts';
import { quote } from './numbers.ts';
import type { Scope } from './scope.ts';

/** A tcpdump expression, compiled. Undefined when libpcap refuses it or is missing, which is reported. */
export function checkFilter(
  expression: string,
  path: Path,
  { report, loadFilterCompiler }: Scope,
): FilterMatch | undefined {
  if (expression.trim() === '') {
    report.error('policy/bad-filter', path, 'the filter is empty', {
      help: 'leave "filter" out to match every packet',
    });
    return undefined;
  }
  // libpcap would read a C string, and stop at the first NUL without a word.
  if (/\p{Cc}/u.test(expression.replaceAll(/[\t\n\r]/g, ' '))) {
    report.error('policy/bad-filter', path, 'the filter holds control characters');
    return undefined;
  }
  const compiler = loadFilterCompiler();
  if (!compiler) {
    report.error('policy/no-libpcap', path, 'libpcap, which compiles "filter", is not installed');
    return undefined;
  }
  const result = compiler.compile(expression);
  if ('error' in result) {
    report.error('policy/bad-filter', path, `${quote(expression)} is not a tcpdump expression: ${result.error}`);
    return undefined;
  }
  if (result.program.some(jumpsBack)) {
    const help = 'leave "protochain" out: the match "protocol" looks behind IPv6 extension headers by itself';
    report.error('policy/bad-filter', path, `${quote(expression)} makes a loop, which no program in the kernel may`, {
      help,
    });
    return undefined;
  }
  return { expression, program: result.program };
}

/** Classic BPF in the kernel only jumps on. libpcap compiles `protochain` to a jump whose distance is below zero. */
function jumpsBack({ code, k }: CbpfInstruction): boolean {
  const always = 0x05;
  return code === always && k > 0x7fff_ffff;
}
