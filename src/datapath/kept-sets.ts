import type { Problem } from '../diagnostics/problem.ts';
import { sourceKey } from '../policy/check/set-source.ts';
import type { CheckedPolicy } from '../policy/checked.ts';
import { type Built, withSetsOf } from './built.ts';
import { judgeAnew } from './judged-anew.ts';
import { type FileWatch, followSets, type SetChange, type SetContent, updateTries, withContent } from './live-sets.ts';
import { membersIn, type SetProblem, updateMembers } from './record-sets.ts';
import { problemsOf } from './refusals.ts';
import type { Retained } from './retained.ts';
import type { RuntimeMembers } from './runtime-members.ts';

type Sets = CheckedPolicy['sets'];

/** The sets of what an enforcement has in force, kept as their sources say. */
export interface KeptSets {
  /** With what their sources hold by now. */
  readonly sets: Sets;
  /** These are in force from now on. */
  take(sets: Sets): void;
  /** Follows their files from now on, and those of whatever is in force later. */
  follow(onChange: (change: SetChange) => void): void;
  /** Gives generations the members of their sets, which they may have taken over from one before; what fails is told. */
  changeMembers(): void;
  /** Stops all changes, since what they write to may be closed; what is returned goes on with what there is by then. */
  pause(): () => void;
  close(): void;
}

export interface KeptSetsOptions {
  /** Of the policy that is in force at first. */
  readonly first: Sets;
  readonly runtime: RuntimeMembers;
  readonly retained: Retained;
  current(): Built;
  /** What may judge, the current one among them. */
  built(): readonly Built[];
  /** Builds a generation with larger maps. */
  replaceGeneration(): void;
}

export function keepSets({ first, runtime, retained, ...enforcement }: KeptSetsOptions): KeptSets {
  let sets = first;
  let watch: FileWatch | undefined;
  let heard: ((change: SetChange) => void) | undefined;
  /** Changes of members that go on, by the source that they come from; of all sets without one. */
  const changes = new Map<string | undefined, AbortController>();

  /** Gives the kernel what the source holds now; where its maps are too small, by a generation with larger ones. */
  async function refresh(source: string, content: SetContent): Promise<readonly Problem[]> {
    if ('problems' in content) return content.problems;
    sets = withContent(sets, source, content);
    retained.refresh(source, content);
    // The one before, too: it may be in force again at any moment.
    const outgrown = enforcement.built().flatMap(({ generation }) => updateTries(generation, source, content.ranges));
    const problems = outgrown.length === 0 ? [] : problemsOf(enforcement.replaceGeneration, outgrown);
    const ofMembers = await change(source);
    const changed = [...sets.values()].filter((set) => sourceKey(set) === source).map(({ name }) => name);
    judgeAnew(
      [...enforcement.built(), ...retained.all()].map(({ generation }) => generation),
      new Set(changed),
    );
    return [...problems, ...ofMembers.map(({ problem }) => problem)];
  }

  /** Of sets that count or forget: those of the source, or all. What still goes on is given up for the newer one. */
  async function change(source?: string): Promise<readonly SetProblem[]> {
    changes.get(source)?.abort();
    const own = new AbortController();
    changes.set(source, own);
    const problems: SetProblem[] = [];
    for (const one of enforcement.built()) {
      // A policy that is on trial or observed beside another may say something else of a set of the same name.
      const known = one === enforcement.current() ? sets : withSetsOf(one.policy, sets).sets;
      problems.push(...(await updateMembers(one.generation, membersIn(known, source), own.signal, runtime)));
    }
    if (changes.get(source) === own) changes.delete(source);
    return problems;
  }

  function changeAndTell(source?: string): void {
    void change(source).then((problems) => {
      for (const { set, problem } of problems) heard?.({ set, problems: [problem] });
    });
  }

  function pause(): () => void {
    const unfinished = [...changes.keys()];
    for (const one of changes.values()) one.abort();
    return () => unfinished.forEach(changeAndTell);
  }

  function follow(onChange: (change: SetChange) => void): void {
    heard = onChange;
    watch?.close();
    watch = followSets(enforcement.current().generation, { sets: () => sets, refresh, onChange });
  }

  return {
    get sets() {
      return sets;
    },
    take(next) {
      sets = next;
      const goOn = pause();
      if (heard) follow(heard);
      goOn();
    },
    follow,
    changeMembers: () => changeAndTell(),
    pause,
    close: () => {
      watch?.close();
      pause();
    },
  };
}
