import type { Problem } from '../diagnostics/problem.ts';
import { SluiceError } from '../diagnostics/problem.ts';
import type { SourceText } from '../diagnostics/source.ts';
import { checkInterfaceList } from './check/interfaces.ts';
import { createReport } from './check/report.ts';
import { checkRules, type RuleCollector } from './check/rules.ts';
import { checkSets, type SetInput } from './check/sets.ts';
import { checkShape } from './check/shape.ts';
import { warnOf } from './check/warnings.ts';
import type { CheckedPolicy } from './checked.ts';
import type { PolicyDocument } from './parse/document.ts';
import { parseYaml } from './parse/yaml.ts';

/** `policy` is there when no problem is an error; `problems` are in the order of the checks, errors and warnings. */
export interface CheckResult {
  readonly policy?: CheckedPolicy;
  readonly problems: readonly Problem[];
}

/** Parses and checks a policy in YAML or JSON. Files of sets are read, relative to `source.path`. Never throws. */
export function checkPolicy(source: SourceText): CheckResult {
  try {
    return checkDocument(parseYaml(source));
  } catch (error) {
    if (error instanceof SluiceError) return { problems: error.problems };
    throw error;
  }
}

/** Checks a policy that has been parsed: shape, names, values, and that no rule contradicts itself. */
export function checkDocument(document: PolicyDocument): CheckResult {
  const report = createReport(document);
  const input = checkShape(document, report);
  if (!input) return { problems: report.problems() };
  const { source } = document;
  const interfaces = input.interfaces ? checkInterfaceList(list(input.interfaces), ['interfaces'], report) : [];
  const sets = checkSets(
    (input.sets ?? {}) as Record<string, SetInput>,
    source.path,
    report,
    (path) => document.place(path, 'key').line,
  );
  const collector: RuleCollector = {
    document,
    scope: { report, interfaces, ...sets },
    pathByName: new Map(),
    count: 0,
  };
  const policy: CheckedPolicy = {
    source,
    interfaces,
    sets: sets.addressSets,
    malformed: input.malformed ?? 'drop',
    prefilter: checkRules(input.prefilter ?? [], 'prefilter', ['prefilter'], collector),
    ingress: {
      default: input.ingress?.default ?? 'allow',
      rules: checkRules(input.ingress?.rules ?? [], 'ingress', ['ingress', 'rules'], collector),
    },
    egress: {
      default: input.egress?.default ?? 'allow',
      rules: checkRules(input.egress?.rules ?? [], 'egress', ['egress', 'rules'], collector),
    },
  };
  if (report.problems().some((problem) => problem.severity !== 'warning')) return { problems: report.problems() };
  warnOf(policy, report);
  return { policy, problems: report.problems() };
}

function list<T>(items: readonly (T | undefined)[]): T[] {
  return items.filter((item) => item !== undefined);
}
