import type { Problem } from '../diagnostics/problem.ts';
import { SluiceError } from '../diagnostics/problem.ts';
import type { SourceText } from '../diagnostics/source.ts';
import { type FilterCompiler, loadFilterCompiler } from '../kernel/libpcap.ts';
import { checkConnections } from './check/connections.ts';
import { feedFolder } from './check/feed-copy.ts';
import { checkChained, checkInterfaceList } from './check/interfaces.ts';
import { createReport } from './check/report.ts';
import { checkRules, type RuleCollector } from './check/rules.ts';
import { checkSets, type SetInput } from './check/sets.ts';
import { checkShape, type PartialPolicy } from './check/shape.ts';
import { warnOf } from './check/warnings.ts';
import type { CheckedPolicy, CheckedStage } from './checked.ts';
import type { PolicyDocument } from './parse/document.ts';
import { parseJson } from './parse/json.ts';
import { parseYaml } from './parse/yaml.ts';

/** `policy` is there when no problem is an error; `problems` are in the order of the checks, errors and warnings. */
export interface CheckResult {
  readonly policy?: CheckedPolicy;
  readonly problems: readonly Problem[];
  /** What rules can refer to, as written: where it is the same, the same text is the same rule. */
  readonly scopeKey?: string;
}

export interface CheckOptions {
  /** What compiles `filter`. Default: libpcap of this machine, which looks up host names that it finds. */
  readonly loadFilterCompiler?: () => FilterCompiler | undefined;
  /** Where the copies of feeds are. Default: $SLUICE_FEEDS, or /var/lib/sluice/feeds. */
  readonly feedFolder?: string;
}

/** Parses and checks a policy in YAML or JSON. Files of sets are read, relative to `source.path`. Never throws. */
export function checkPolicy(source: SourceText, options: CheckOptions = {}): CheckResult {
  try {
    return checkDocument(source.path.toLowerCase().endsWith('.json') ? parseJson(source) : parseYaml(source), options);
  } catch (error) {
    if (error instanceof SluiceError) return { problems: error.problems };
    throw error;
  }
}

/** Checks a policy that has been parsed: shape, names, values, and that no rule contradicts itself. */
export function checkDocument(document: PolicyDocument, options: CheckOptions = {}): CheckResult {
  const report = createReport(document);
  const input = checkShape(document, report);
  if (!input) return { problems: report.problems() };
  const { source } = document;
  const { loadFilterCompiler: compiler = loadFilterCompiler } = options;
  const interfaces = input.interfaces ? checkInterfaceList(list(input.interfaces), ['interfaces'], report) : [];
  const chained = checkChained(list(input.chained ?? []), ['chained'], report, interfaces);
  const connections = checkConnections(input.connections, report);
  const sets = checkSets(
    (input.sets ?? {}) as Record<string, SetInput>,
    { policyPath: source.path, feedFolder: options.feedFolder ?? feedFolder() },
    report,
    (path) => document.place(path, 'key').line,
  );
  const collector: RuleCollector = {
    document,
    scope: { report, interfaces, loadFilterCompiler: compiler, ...sets },
    pathByName: new Map(),
    count: 0,
  };
  const policy: CheckedPolicy = {
    source,
    interfaces,
    chained,
    sets: sets.addressSets,
    malformed: input.malformed ?? 'drop',
    ...(connections && { connections }),
    prefilter: checkRules(input.prefilter ?? [], 'prefilter', ['prefilter'], collector),
    ingress: checkStage(input.ingress, 'ingress', collector),
    egress: checkStage(input.egress, 'egress', collector),
  };
  if (report.problems().some((problem) => problem.severity !== 'warning')) return { problems: report.problems() };
  warnOf(policy, report);
  const scopeKey = JSON.stringify([source.path, input.interfaces, input.sets]);
  return { policy, problems: report.problems(), scopeKey };
}

function checkStage(
  input: PartialPolicy['ingress'],
  stage: 'ingress' | 'egress',
  collector: RuleCollector,
): CheckedStage {
  const rules = checkRules(input?.rules ?? [], stage, [stage, 'rules'], collector);
  if (input?.default === undefined) return { default: 'allow', rules };
  const { line, column } = collector.document.place([stage, 'default'], 'key');
  return { default: input.default, defaultPlace: { line, column }, rules };
}

function list<T>(items: readonly (T | undefined)[]): T[] {
  return items.filter((item) => item !== undefined);
}
