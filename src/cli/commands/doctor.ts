import type { Command } from 'commander';
import { answering, defineCommand } from '../define-command.ts';
import { addNetnsOption, enterNetns, type NetnsOption } from '../enforcement/netns.ts';
import type { ExitCode, Session } from '../session.ts';

const HELP = `
Tries every feature of the kernel, leaving nothing behind; interfaces are only looked at.

Exit status: 0 everything that Sluice needs is there, 1 not, 2 wrong use.`;

export function doctorCommand(): Command {
  return addNetnsOption(
    defineCommand('doctor', 'say what this kernel and these drivers can do, and how to mend the rest'),
  )
    .addHelpText('after', HELP)
    .action(answering(doctor));
}

async function doctor(session: Session, options: NetnsOption): Promise<ExitCode> {
  const [{ findAll }, { findInterfaces }, { doctorText }] = await Promise.all([
    import('../doctor/findings.ts'),
    import('../doctor/drivers.ts'),
    import('../doctor/text.ts'),
  ]);
  // First: some settings can only be seen from the machine's own network namespace.
  const findings = findAll();
  await enterNetns(options);
  const interfaces = findInterfaces();
  await session.print({
    data: { ...findings, interfaces },
    items: [...findings.system, ...findings.features, ...interfaces],
    text: (paint) => doctorText(findings, interfaces, paint),
  });
  return findings.ok ? 0 : 1;
}
