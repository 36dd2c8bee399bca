import { describe, expect, test } from 'vitest';
import { createFolder, sluice, startSluice } from './sluice.ts';

describe('doctor', () => {
  test('finds what Sluice needs on a machine that runs these tests', () => {
    const { status, stdout, stderr } = sluice(['doctor']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^ {2}ok +programs of type xdp /m);
    expect(stdout).toMatch(/^Everything that Sluice needs is there\.$/m);
  });

  test('without rights it says what is missing, and the mend', () => {
    const { status, stdout } = sluice(['doctor'], { unprivileged: true });
    expect(status).toBe(1);
    expect(stdout).toMatch(/^ {2}missing +rights /m);
    expect(stdout).toContain('run it as root');
  });

  test('as data: each finding has a state, a use and a mend', () => {
    const { environment, system, features, interfaces, ok } = JSON.parse(sluice(['doctor', '-o', 'json']).stdout);
    expect(ok).toBe(true);
    expect(environment.kernelRelease).toMatch(/^\d+\.\d+/);
    for (const finding of [...system, ...features]) {
      expect(finding).toEqual({
        name: expect.any(String),
        state: expect.stringMatching(/^(ok|warn|missing|untried)$/),
        use: expect.any(String),
        detail: expect.any(String),
        mend: finding.state === 'ok' ? null : expect.any(String),
      });
    }
    expect(Array.isArray(interfaces)).toBe(true);
  });
});

describe('lab', () => {
  test('stays up until Ctrl-C, is listed meanwhile, and leaves nothing', async () => {
    const folder = createFolder();
    const lab = startSluice(['lab', 'up'], folder.path);
    await lab.printed(/Ctrl-C removes the lab/);
    expect(lab.stdout()).toMatch(/^attacker +eth0 +198\.51\.100\.7\/24/m);
    const mine = () =>
      JSON.parse(sluice(['lab', 'list', '-o', 'json']).stdout).labs.filter(
        ({ pid }: { pid: number }) => pid === lab.child.pid,
      );
    expect(mine()).toEqual([
      expect.objectContaining({
        name: 'lab',
        stale: false,
        hosts: expect.arrayContaining(['client', 'router', 'server']),
      }),
    ]);
    lab.child.kill('SIGINT');
    expect(await lab.ended).toMatchObject({ status: 0, stderr: '' });
    expect(mine()).toEqual([]);
    folder.remove();
  });

  test('what a killed lab left behind is listed, and removed', async () => {
    const lab = startSluice(['lab', 'up'], '/');
    await lab.printed(/Ctrl-C removes the lab/);
    lab.child.kill('SIGKILL');
    await lab.ended;
    const left = () =>
      JSON.parse(sluice(['lab', 'list', '-o', 'json']).stdout).labs.filter(
        ({ pid }: { pid: number }) => pid === lab.child.pid,
      );
    expect(left()).toEqual([expect.objectContaining({ stale: true })]);
    expect(sluice(['lab', 'clean']).stdout).toMatch(/^\d+ namespaces? removed$/m);
    expect(left()).toEqual([]);
  });
});
