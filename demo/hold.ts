import type { Show } from './show.ts';
import type { Stage } from './stage.ts';

/** Says what there is to try, and waits for Enter. Ctrl-C ends the process, as ever. */
export async function hold({ lab, router, server, folder }: Stage, show: Show): Promise<void> {
  show.line(`\n${show.paint('bold', 'The lab stays up, to explore from another terminal:')}\n`);
  const commands = [
    ['the counters', `bin/sluice rules --netns ${router.namespace}`],
    ['what is in force', `bin/sluice status --netns ${router.namespace}`],
    ...lab.hosts.map(({ name, path }) => [`a shell on the ${name}`, `nsenter --net=${path}`]),
    ['a request', `nsenter --net=${lab.host('client').path} curl http://${server.address(4)}/`],
    ['block the client', `echo ${lab.host('client').address(4)} >>${folder}/blocked.txt`],
    ['ask the policy', `bin/sluice ask ${folder}/edge.yaml 'udp 198.51.100.7:53 > ${server.address(4)}:53'`],
  ];
  for (const [what = '', command = ''] of commands) show.line(`   ${show.paint('dim', what.padEnd(23))} ${command}`);
  show.line('\nEnter or Ctrl-C takes it down.');
  await enter();
}

/** Resolves at a line. Where nobody can type, only a signal ends the waiting. */
function enter(): Promise<void> {
  return new Promise((resolve) => {
    process.stdin.once('data', () => {
      process.stdin.pause();
      resolve();
    });
    // An input at its end would not keep the process alive.
    const forever = setInterval(() => {}, 60_000);
    process.stdin.once('data', () => clearInterval(forever));
  });
}
