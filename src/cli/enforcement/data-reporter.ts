import { toJson } from '../output/answer.ts';
import { problemData } from '../output/problems.ts';
import type { Session } from '../session.ts';
import type { UpReporter } from './reporter.ts';

/** Every event as an object with the key `event`: a line of JSON, or a document of JSON or YAML. */
export function createDataReporter(session: Session): UpReporter {
  const emit = async (event: string, fields: object): Promise<void> => {
    const data = { event, ...fields };
    if (session.form === 'yaml') await session.write('---\n');
    await session.print({ data, text: () => `${toJson(data)}\n` });
  };
  return {
    up: (start) => emit('up', start),
    log: (entry) => emit('log', entry),
    set: ({ set, problems }) => emit('set', { set, problems: problems.map(problemData) }),
    policy: ({ problems, ...change }) => emit('policy', { ...change, problems: problems.map(problemData) }),
    interface: ({ problems, ...change }) => emit('interface', { ...change, problems: problems.map(problemData) }),
    counters: (rows, time) => emit('counters', { time, counters: rows }),
    down: ({ why, rows }) => emit('down', { why, counters: rows }),
  };
}
