import type { Paint, StyleName } from '../output/style.ts';
import { type Cell, type Column, renderTable } from '../output/table.ts';
import type { InterfaceFinding } from './drivers.ts';
import type { Finding, Findings } from './findings.ts';

const STATE_STYLES: Readonly<Record<Finding['state'], StyleName>> = {
  ok: 'green',
  warn: 'yellow',
  missing: 'red',
  untried: 'yellow',
};
const FINDING_COLUMNS: readonly Column[] = [{ head: '' }, { head: '' }, { head: 'found' }, { head: 'used for' }];
const INTERFACE_COLUMNS: readonly Column[] = [
  { head: 'interface' },
  { head: 'driver' },
  { head: 'XDP' },
  { head: 'MTU', align: 'right' },
  { head: '' },
];

export function doctorText(findings: Findings, interfaces: readonly InterfaceFinding[], paint: Paint): string {
  const { environment, system, features, ok } = findings;
  const { kernelRelease, architecture, possibleCpus } = environment;
  const toMend = [...system, ...features].filter(({ mend }) => mend !== null);
  return [
    `${paint('bold', 'machine')}  Linux ${kernelRelease}, ${architecture}, ${possibleCpus} CPUs\n${findingTable(system, paint)}`,
    `${paint('bold', 'kernel features')}\n${findingTable(features, paint)}`,
    `${paint('bold', 'interfaces')}\n${interfaceTable(interfaces, paint)}`,
    ...(toMend.length > 0 ? [`${paint('bold', 'to mend')}\n${mendTable(toMend, paint)}`] : []),
    ok
      ? `${paint('green', 'Everything that Sluice needs is there.')}\n`
      : `${paint('red', 'Sluice cannot run here.')}\n`,
  ].join('\n');
}

function findingTable(findings: readonly Finding[], paint: Paint): string {
  const rows = findings.map(({ name, state, use, detail }): Cell[] => [
    { text: state, style: STATE_STYLES[state] },
    name,
    detail,
    { text: use, style: 'dim' },
  ]);
  return renderTable(FINDING_COLUMNS, rows, paint, '  ');
}

/** What is mended in one way stands together. */
function mendTable(findings: readonly Finding[], paint: Paint): string {
  const byMend = new Map<string, string[]>();
  for (const { name, mend } of findings) byMend.set(mend ?? '', [...(byMend.get(mend ?? '') ?? []), name]);
  return [...byMend].map(([mend, names]) => `  ${listed(names)}: ${paint('bold', mend)}\n`).join('');
}

const LISTED = 3;

function listed(names: readonly string[]): string {
  const more = names.length - LISTED;
  return more > 1 ? `${names.slice(0, LISTED).join(', ')} and ${more} more` : names.join(', ');
}

function interfaceTable(interfaces: readonly InterfaceFinding[], paint: Paint): string {
  if (interfaces.length === 0) return `  ${paint('dim', 'none besides loopback')}\n`;
  const rows = interfaces.map(({ name, driver, up, mtu, xdp, attached }): Cell[] => [
    name,
    driver ?? '',
    { text: xdp, style: xdp === 'native' ? 'green' : 'yellow' },
    String(mtu),
    [up ? '' : 'down', attached === null ? '' : `has XDP program ${attached}`].filter(Boolean).join(', '),
  ]);
  return renderTable(INTERFACE_COLUMNS, rows, paint, '  ');
}
