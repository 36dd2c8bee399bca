import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { RuleResults } from './results.ts';

interface Point {
  readonly series: string;
  readonly rules: number;
  readonly ns: number;
  /** What is at most and at least measured, where a series is a band. */
  readonly from?: number;
  readonly to?: number;
}

interface Series {
  readonly title: string;
  readonly colour: string;
  readonly points: readonly Omit<Point, 'series'>[];
  /** Where the label stands, pixels from the last point. */
  readonly labelDx?: number;
  readonly labelDy?: number;
}

const INK = '#1f2328';
const FAINT = '#59636e';
const GRID = '#e6eaef';
/** What costs less than nothing can be seen is drawn here. */
const LEAST_NS = 10;

/** Nanoseconds over rules, both logarithmic, as an SVG on a ground of its own, for light and dark pages alike. */
export async function plotRules(results: RuleResults): Promise<string> {
  const series = seriesOf(results).filter(({ points }) => points.length > 0);
  const points = series.flatMap(({ title, points }) => points.map((point): Point => ({ series: title, ...point })));
  const spec: TopLevelSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    width: 760,
    height: 420,
    padding: 16,
    background: '#ffffff',
    data: { values: points },
    encoding: {
      x: {
        field: 'rules',
        type: 'quantitative',
        scale: { type: 'log', domain: [9, 150_000] },
        axis: { title: 'rules', values: [10, 100, 1_000, 10_000, 100_000], format: ',', grid: false },
      },
      y: {
        field: 'ns',
        type: 'quantitative',
        scale: { type: 'log', domain: [LEAST_NS, 300_000] },
        axis: { title: 'nanoseconds a packet', values: [10, 100, 1_000, 10_000, 100_000], format: ',' },
      },
      color: {
        field: 'series',
        type: 'nominal',
        scale: { domain: series.map(({ title }) => title), range: series.map(({ colour }) => colour) },
        legend: null,
      },
    },
    layer: [
      {
        transform: [{ filter: 'isValid(datum.from)' }],
        mark: { type: 'area', opacity: 0.18 },
        encoding: { y: { field: 'from', type: 'quantitative' }, y2: { field: 'to' } },
      },
      { mark: { type: 'line', strokeWidth: 2.5 } },
      { mark: { type: 'point', filled: true, size: 50, opacity: 1 } },
      ...series.map((one) => labelOf(one)),
    ],
    config: {
      font: 'system-ui, sans-serif',
      axis: {
        labelColor: FAINT,
        titleColor: INK,
        gridColor: GRID,
        domainColor: '#c8d1da',
        tickColor: '#c8d1da',
        labelFontSize: 12,
        titleFontSize: 13,
        titleFontWeight: 'normal',
        titlePadding: 10,
      },
      view: { stroke: null },
    },
  };
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return `${svg}\n`;
}

/** The series' name at its last point. */
function labelOf({ title, colour, points, labelDx = 8, labelDy = 0 }: Series) {
  const last = points.reduce((a, b) => (a.rules > b.rules ? a : b));
  return {
    data: { values: [{ ...last, text: title }] },
    mark: {
      type: 'text' as const,
      align: labelDx < 0 ? ('right' as const) : ('left' as const),
      dx: labelDx,
      dy: labelDy,
      fontSize: 13,
      fontWeight: 'bold' as const,
      color: colour,
    },
    encoding: { text: { field: 'text', type: 'nominal' as const }, color: { value: colour } },
  };
}

/** Sluice as a band of all ClassBench sets in both families; beside it acl1, and what can hold security groups. */
function seriesOf({ costs, contests }: RuleResults): Series[] {
  const classbench = costs.filter(({ id }) => /^(acl1|fw1|ipc1)-/.test(id));
  const sizes = [...new Set(classbench.map(({ id }) => Number(id.split('-')[1])))].sort((a, b) => a - b);
  const band = sizes.map((rules) => {
    const values = classbench.filter(({ id }) => id.split('-')[1] === String(rules)).map(({ cold }) => cold.median);
    const drawn = values.map((value) => Math.max(LEAST_NS, value)).sort((a, b) => a - b);
    return { rules, ns: middle(drawn), from: drawn[0] as number, to: drawn.at(-1) as number };
  });
  const contest = (id: string, kind: string): Omit<Point, 'series'>[] =>
    contests
      .filter((one) => one.id === id && one.kind === kind && one.family === 'v4')
      .flatMap(({ rules, nanoseconds }) => (nanoseconds ? [{ rules, ns: nanoseconds.median }] : []));
  return [
    { title: 'nftables, rule after rule', colour: '#cf222e', points: contest('nftables', 'acl1') },
    { title: 'iptables', colour: '#bc4c00', points: contest('iptables', 'acl1') },
    { title: 'bpfilter', colour: '#8250df', points: contest('bpfilter', 'acl1'), labelDy: 14 },
    {
      title: 'nftables, a set (security groups)',
      colour: FAINT,
      points: contest('nftables-set', 'security-groups'),
      labelDx: -10,
      labelDy: -14,
    },
    { title: 'Sluice: acl1, fw1, ipc1', colour: '#0550ae', points: band, labelDx: -10, labelDy: 50 },
  ];
}

const middle = (sorted: readonly number[]): number => sorted[sorted.length >> 1] as number;
