import { setTimeout } from 'node:timers/promises';
import type { ConnectionFilter, FoundConnections } from '../../datapath/index.ts';
import { createLineWriter } from '../output/line-writer.ts';
import type { Session } from '../session.ts';
import { untilToldToEnd } from '../signals.ts';
import { connectionJson } from './json-line.ts';
import { changeLine } from './table.ts';

/** Tells what becomes of connections until a signal comes. @param find what is in force now, again at each look */
export async function followConnections(
  session: Session,
  find: () => FoundConnections,
  filter: ConnectionFilter | undefined,
  everyMs: number,
): Promise<void> {
  const { createConnectionWatch } = await import('../../datapath/index.ts');
  const changesIn = createConnectionWatch(filter);
  const end = untilToldToEnd();
  const lines = createLineWriter(session.write);
  for (;;) {
    const time = new Date();
    using found = find();
    for (const { event, connection } of changesIn(found)) {
      const json = (): string =>
        `{"event":"${event}","time":"${time.toISOString()}",${connectionJson(connection).slice(1)}`;
      await lines.add(session.form === 'table' ? changeLine(event, time, connection, session.paint) : `${json()}\n`);
    }
    await lines.end();
    if ((await Promise.race([end, setTimeout(everyMs, 'next')])) !== 'next') return;
  }
}
