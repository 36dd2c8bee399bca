import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Show } from '../show.ts';
import type { Stage } from '../stage.ts';

export async function showPolicy({ folder, upSeconds, sluice }: Stage, show: Show): Promise<void> {
  const { stdout, status } = await sluice('status', '-o', 'json');
  const { interfaces } = JSON.parse(stdout) as {
    interfaces: readonly { readonly name: string; readonly mode: string }[];
  };
  const where = interfaces.map(({ name, mode }) => `${name} (${mode} XDP)`).join(' and ');
  show.step(
    'A policy is in force',
    `On the router: sluice up edge.yaml. In force on ${where} after ${upSeconds.toFixed(2)} s.`,
  );
  for (const [index, line] of readFileSync(join(folder, 'edge.yaml'), 'utf8').trimEnd().split('\n').entries()) {
    if (!line.startsWith('#')) show.line(`   ${show.paint('dim', String(index + 1).padStart(3))}  ${line}`);
  }
  show.promise(status === 0, 'the policy is in force on all of its interfaces');
}
