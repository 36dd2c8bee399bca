import { type Problem, SluiceError } from '../diagnostics/problem.ts';
import { didYouMean } from '../diagnostics/suggest.ts';
import { interfaceByIndex, listInterfaces, type NetworkInterface, xdpTaken } from '../kernel/index.ts';
import type { CheckedPolicy } from '../policy/checked.ts';
import { isGlob, matchesAny, matchesPattern } from '../policy/interface-pattern.ts';
import { type Paths, pathsHere } from './paths.ts';
import { openLiveLink } from './pinned-links.ts';
import type { GenerationState } from './state.ts';

/** Which interfaces a policy is put in force on, and why not on others. */
export interface Chosen {
  readonly devices: readonly NetworkInterface[];
  readonly warnings: readonly Problem[];
}

/**
 * What to do about a name or a glob of the policy without an interface, and about an interface that cannot be attached to
 * yet: `refuse` is an error; `wait` attaches as soon as that can be done; `refuse-named` is an error for what the policy
 * names, and waits for what globs stand for.
 */
export type Absent = 'refuse' | 'refuse-named' | 'wait';

/** What a policy says of its interfaces. */
type ForInterfaces = Pick<CheckedPolicy, 'interfaces' | 'chained'>;

/** Whether one of the policy's names or globs may be without an interface, which is then awaited. */
export type MayWait = (pattern: string) => boolean;

/** Of what is in force. */
type InForce = Pick<GenerationState, 'patterns' | 'interfaces'>;

/**
 * @param before in force already: what that waits for is no reason to refuse another version of it. One that is judged
 *   behind another's program is not waited for, and must not come to be
 */
export const waitingFor =
  (absent: Absent, { patterns, interfaces }: InForce): MayWait =>
  (pattern) =>
    absent === 'wait' ||
    (absent === 'refuse-named' && isGlob(pattern)) ||
    (patterns.includes(pattern) &&
      !interfaces.some(
        ({ name, ifindex, mode }) =>
          mode === 'chained' && matchesPattern(pattern, name) && interfaceByIndex(ifindex) !== undefined,
      ));

/**
 * What an apply of the policy would meet with on the interfaces that there are, before anything is built.
 * @returns what would be awaited
 * @throws SluiceError as `chooseInterfaces`
 */
export const examineInterfaces = (policy: ForInterfaces, absent: Absent, before: InForce): readonly Problem[] =>
  chooseInterfaces(policy, waitingFor(absent, before), pathsHere()).warnings;

/** Those that there are, in the policy's order. */
export const interfacesOf = (
  { interfaces }: Pick<CheckedPolicy, 'interfaces'>,
  all: readonly NetworkInterface[] = listInterfaces(),
): NetworkInterface[] => [
  ...new Set(interfaces.flatMap((pattern) => all.filter(({ name }) => matchesPattern(pattern, name)))),
];

/** Names and globs that none of the interfaces is there for that the generation is attached to. */
export const awaitedBy = ({ patterns, interfaces }: Pick<GenerationState, 'patterns' | 'interfaces'>): string[] =>
  patterns.filter((pattern) => !interfaces.some(({ name }) => matchesPattern(pattern, name)));

/**
 * The interfaces that are there of those that the policy is for, where Sluice can be put on them.
 * @throws SluiceError kernel/interface-missing, kernel/interface-busy, datapath/not-ethernet where that may not wait
 */
export function chooseInterfaces(
  { interfaces: patterns, chained }: ForInterfaces,
  mayWait: MayWait,
  paths: Paths,
): Chosen {
  const all = listInterfaces();
  const own = interfacesOf({ interfaces: patterns }, all);
  const absent = patterns.filter((pattern) => !own.some(({ name }) => matchesPattern(pattern, name)));
  const refused = own.flatMap((device) => {
    const problem = inTheWay(device, matchesAny(chained, device.name), paths);
    return problem ? [{ device, problem }] : [];
  });
  const missing = absent.filter((pattern) => !mayWait(pattern)).map((pattern) => missingInterface(pattern, all));
  const wrong = refused
    .filter(({ device: { name } }) => !mayWaitFor(name, patterns, mayWait))
    .map(({ device: { name }, problem }) => withHelp(problem, name));
  if (missing.length + wrong.length > 0) throw new SluiceError([...missing, ...wrong]);
  return {
    devices: own.filter((one) => !refused.some(({ device }) => device === one)),
    warnings: [
      ...refused.map(({ problem }) => asWarning(problem)),
      ...absent.flatMap((pattern) => awaitedWarning(pattern, own, all)),
    ],
  };
}

/**
 * Attaches to an interface as `action` does. Where that comes to nothing and the policy can do without, it says why; an
 * interface that is gone by now is none of the policy's any more.
 */
export function attachOrWait<T>(
  { index, name }: Pick<NetworkInterface, 'index' | 'name'>,
  patterns: readonly string[],
  mayWait: MayWait,
  action: () => T,
): { readonly done: T } | { readonly refused: readonly Problem[] } {
  try {
    return { done: action() };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    if (interfaceByIndex(index) === undefined) {
      if (mayWaitFor(name, patterns, mayWait) || patterns.every((one) => isGlob(one) || one !== name))
        return { refused: [] };
      throw new SluiceError(missingInterface(name, listInterfaces()), { cause: error });
    }
    if (!isOfTheInterface(error) || !mayWaitFor(name, patterns, mayWait)) throw error;
    return { refused: error.problems.map(asWarning) };
  }
}

/** What another cause would refuse on every interface is no reason to go without one. */
const isOfTheInterface = ({ problems }: SluiceError): boolean =>
  problems.some(({ code }) => code === 'kernel/interface-busy' || code === 'kernel/interface-missing');

const mayWaitFor = (name: string, patterns: readonly string[], mayWait: MayWait): boolean =>
  patterns.filter((pattern) => matchesPattern(pattern, name)).every(mayWait);

const asWarning = (problem: Problem): Problem => ({ ...problem, severity: 'warning' });

/** Why Sluice cannot be put on an interface as it is. */
function inTheWay(device: NetworkInterface, isChained: boolean, paths: Paths): Problem | undefined {
  const { name, index, ethernet, xdp } = device;
  if (!ethernet) return notEthernet(device);
  if (isChained || xdp === undefined || xdp.mode === 'offload') return undefined;
  using link = openLiveLink(paths, index, 'xdp');
  return link ? undefined : xdpTaken(name, xdp);
}

/** What to do where that is an error; as a warning it has come to be awaited. */
function withHelp(problem: Problem, name: string): Problem {
  if (problem.code !== 'kernel/interface-busy') return problem;
  const free = `\`ip link set dev ${name} xdp off\`, unless a process or a pin holds it there`;
  const help = `\`chained: [${name}]\` in the policy has packets judged behind that program. Or remove it (${free}), or wait for it to go: --wait.`;
  return { ...problem, help };
}

/** Where there is no Ethernet header, the parser would take the bytes of IP addresses for one, and rules miss. */
export const notEthernet = ({ name, driver }: Pick<NetworkInterface, 'name' | 'driver'>): Problem => ({
  code: 'datapath/not-ethernet',
  message: `interface "${name}" (${driver ?? 'unknown driver'}) has no Ethernet headers`,
});

/** A glob may well stand for nothing at the moment; where it is all that there is, the policy judges nothing. */
function awaitedWarning(
  pattern: string,
  own: readonly NetworkInterface[],
  all: readonly NetworkInterface[],
): Problem[] {
  if (isGlob(pattern) && own.length > 0) return [];
  const suggestion = didYouMean(
    pattern,
    all.map(({ name }) => name),
  );
  const message = `interface "${pattern}" is not there: it is attached when it appears`;
  return [
    { code: 'datapath/interface-awaited', severity: 'warning', message, ...(suggestion && { help: suggestion }) },
  ];
}

function missingInterface(pattern: string, all: readonly NetworkInterface[]): Problem {
  const what = isGlob(pattern) ? 'there is none that it stands for' : 'there is none of this name';
  const names = all.map(({ name }) => name);
  const meant = didYouMean(pattern, names);
  const message = `interface "${pattern}": ${what}; there are ${names.join(', ')}`;
  const help = `${meant ?? 'Check the name.'} With --wait it is attached when it appears.`;
  return { code: 'kernel/interface-missing', message, help };
}
