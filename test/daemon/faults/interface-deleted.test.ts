import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createDaemonLab, type DaemonLab } from '../daemon.ts';
import { judgesOf, policyText, type Side } from './judging.ts';
import { killMortals, startMortal } from './mortal.ts';

let lab: DaemonLab;

beforeAll(async () => {
  lab = await createDaemonLab('deleted');
});
afterEach(async () => {
  await killMortals();
  await lab.clear();
  rmSync(lab.stateDir, { recursive: true, force: true });
});
afterAll(() => lab?.close());

/** For an interface more, which a glob stands for: a name would be refused where it is gone. */
const requestOf = (side: Side) => {
  const text = policyText(side).replace('interfaces: [eth0]', 'interfaces: [eth0, "gone*"]');
  lab.write(`${side}.yaml`, text);
  return { path: `${lab.folder}/${side}.yaml`, text };
};
const other = (side: Side): Side => (side === 'one' ? 'two' : 'one');
const addInterface = () => lab.host.exec('ip', ['link', 'add', 'gone0', 'type', 'veth', 'peer', 'name', 'peer0']);
const attachedTo = (): unknown =>
  JSON.parse(lab.ask('status', '-o', 'json').stdout).interfaces.map(
    ({ name, attached }: { name: string; attached: boolean }) => `${name} ${attached}`,
  );

/** Every so many calls, and the last: an apply has some forty. */
const STRIDE = 4;

test('an interface deleted at any time of an apply: one whole policy judges the others, the daemon lives, and the next apply is whole', {
  timeout: 240_000,
}, async () => {
  const daemon = await startMortal(lab);
  await addInterface();
  let side: Side = 'one';
  await daemon.ask('apply', requestOf(side));
  await daemon.dieAt(Number.POSITIVE_INFINITY);
  side = other(side);
  await daemon.ask('apply', requestOf(side));
  const calls = await daemon.calls();
  expect(calls.length).toBeGreaterThan(20);
  const remove = ['nsenter', `--net=${lab.host.path}`, 'ip', 'link', 'delete', 'gone0'];
  for (let point = 0; point < calls.length; point += STRIDE) {
    const at = `deleted before ${calls[point]} (${point} of ${calls.length})`;
    await expect.poll(attachedTo, { timeout: 10_000 }).toEqual(['eth0 true', 'gone0 true']);
    await daemon.runAt(point, remove);
    const done = await daemon.ask('apply', requestOf(other(side))).then(
      () => true,
      () => false,
    );
    if (done) side = other(side);
    expect(await judgesOf(lab), `${at}: the apply was ${done ? 'done' : 'refused'}`).toEqual([side, side]);
    await expect.poll(attachedTo, { message: at, timeout: 10_000 }).toEqual(['eth0 true']);
    expect(daemon.output()).not.toContain('internal');
    await addInterface();
  }
});
