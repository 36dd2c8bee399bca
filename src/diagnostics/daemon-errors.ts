/** Errors of the daemon, and of whoever talks to it: src/daemon, src/api. */
export const daemonErrors = {
  'daemon/not-running': {
    meaning: 'No daemon runs in this network namespace, and the command asks one.',
    help: 'Start it with `systemctl start sluice` or `sluice run`; use --netns for another network namespace.',
  },
  'daemon/already-running': {
    meaning: 'Another process is the daemon of this network namespace, and there is one for each.',
    help: 'Speak to it: `sluice apply FILE`, `sluice status`; or end it first.',
  },
  'daemon/no-answer': {
    meaning: 'The daemon takes connections but does not answer in time; the kernel goes on enforcing.',
    help: 'With very many rules an apply takes some seconds: wait. If it hangs, see its log; a kill and a new start lose nothing.',
  },
  'daemon/connection-lost': {
    meaning: 'The daemon ended before it had answered. One whole policy is in force: the one before, or the new one.',
    help: '`sluice status` says which one is in force; see the log of the daemon for why it ended.',
  },
  'daemon/bad-request': {
    meaning: 'The daemon and the command do not understand each other, as after an upgrade of one of them.',
    help: 'Start the daemon again: `systemctl restart sluice` loses no verdict and no counter.',
  },
  'daemon/busy': {
    meaning: 'More changes wait for their turn than the daemon lets wait.',
    help: 'Wait until some are done, and try again.',
  },
  'daemon/unconfirmed': {
    meaning: 'A policy waits to be confirmed or rolled back, and there can be no other change until then.',
    help: '`sluice confirm` keeps it, `sluice rollback` gives it up.',
  },
  'daemon/asker-gone': {
    meaning:
      'The command that asked for a change was ended, by Ctrl-C or with its terminal, before the change was in force.',
    help: '`sluice apply` it again, if it was not meant to stop.',
  },
  'daemon/pins-lost': {
    meaning:
      'What the kernel enforces was held by pins in /sys/fs/bpf, and they are gone, though nobody took the policy out of force. Packets were not judged until it was put in force again.',
    help: 'See who unmounted /sys/fs/bpf or removed files there; `sluice status` says what is in force now.',
  },
  'daemon/no-revision': {
    meaning: 'There is no revision to go back to, or none of that number.',
    help: '`sluice history` lists the revisions that are kept.',
  },
  'daemon/damaged-revision': {
    meaning: 'The record of a revision cannot be read. The others can, and what is in force is not touched by it.',
    help: 'Remove the file that the message names, once nobody needs what is left of it.',
  },
  'daemon/history-not-written': {
    meaning: 'The history cannot be kept on disk: its folder is full, read-only or broken. Enforcement goes on.',
    help: 'Mend the file system; what was not written is written with the next change.',
  },

  'apply/cuts-ssh': {
    meaning: 'A policy would cut an SSH connection by which this host is administered: it is not put in force.',
    help: 'Let the connection pass by a rule before the one that is named, or give --force.',
  },
} as const satisfies Record<string, { readonly meaning: string; readonly help: string }>;
