import type { DaemonEvent } from '../../daemon/events.ts';
import type { RevisionSummary } from '../../daemon/revision.ts';
import { printable } from '../../diagnostics/display-width.ts';
import { problemData } from '../output/problems.ts';
import type { Session } from '../session.ts';
import { interfaceChangeInWords } from '../words/interface-change.ts';
import { inWords, revisionRow } from './revision-data.ts';

/** Writes what happens in a daemon: a line each for people and the journal, else an object each. */
export function createDaemonLog(session: Session): (event: DaemonEvent) => void {
  let last: Promise<unknown> = Promise.resolve();
  const write = async (event: DaemonEvent): Promise<void> => {
    if (session.form === 'table' && 'problems' in event) await session.complain(event.problems);
    if (session.form === 'yaml') await session.write('---\n');
    await session.print({ data: dataOf(event), text: () => line(event) });
  };
  return (event) => {
    last = last.then(() => write(event));
  };
}

function dataOf(event: DaemonEvent): unknown {
  return {
    ...event,
    ...('revision' in event && event.revision && { revision: revisionRow(event.revision) }),
    ...('problems' in event && { problems: event.problems.map(problemData) }),
  };
}

function line(event: DaemonEvent): string {
  switch (event.event) {
    case 'in-force':
      return `${event.how.replace('-', ' ')}: ${named(event.revision)} is in force on ${event.interfaces.map(printable).join(', ') || 'no interface yet'}\n`;
    case 'pending':
      return `${named(event.revision)} is ${event.kind === 'trial' ? 'on trial' : 'observed'}, and waits to be confirmed\n`;
    case 'reverted':
      return `${event.why === 'deadline' ? 'nobody confirmed' : 'rolled back'}: ${event.revision ? named(event.revision) : 'nothing'} is in force again\n`;
    case 'down':
      return `taken down${event.interfaces.length > 0 ? ` from ${event.interfaces.join(', ')}` : ''}, asked by ${inWords(event.by ?? null)}\n`;
    case 'set':
      return `set ${printable(event.set)}: ${event.problems.length === 0 ? 'its new content is in force' : 'it stays as it was'}\n`;
    case 'log':
      return `${printable(event.rule)} (line ${event.line}): ${printable(event.packet)}\n`;
    case 'interface':
      return `${interfaceChangeInWords(event)}\n`;
    case 'problems':
      return '';
  }
}

const named = ({ number, path = '', who }: RevisionSummary): string =>
  `revision ${number}, ${printable(path)}${who ? ` (${inWords(who)})` : ''},`;
