import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { RuleResults } from './results.ts';

interface Point {
  readonly series: string;
  readonly rules: number;
  readonly ns: number;
}

/** Nanoseconds over rules, both logarithmic, as an SVG that reads on light and on dark pages. */
export async function plotRules(results: RuleResults): Promise<string> {
  const points = pointsOf(results);
  const series = [...new Set(points.map((point) => point.series))];
  const spec: TopLevelSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    width: 640,
    height: 360,
    padding: 12,
    background: '#ffffff',
    data: { values: points },
    encoding: {
      x: {
        field: 'rules',
        type: 'quantitative',
        scale: { type: 'log', domain: [8, 130_000] },
        axis: { title: 'rules', values: [10, 100, 1_000, 10_000, 100_000], format: ',', grid: false },
      },
      y: {
        field: 'ns',
        type: 'quantitative',
        scale: { type: 'log', domain: [10, 300_000] },
        axis: { title: 'nanoseconds a packet', values: [10, 100, 1_000, 10_000, 100_000], format: ',' },
      },
      color: {
        field: 'series',
        type: 'nominal',
        scale: { domain: series, range: series.map(colourOf) },
        legend: { title: null, symbolType: 'circle', symbolOpacity: 1 },
      },
    },
    layer: [
      { mark: { type: 'line', strokeWidth: 2.5 } },
      { mark: { type: 'point', filled: true, size: 55, opacity: 1 } },
    ],
    config: {
      font: 'system-ui, sans-serif',
      axis: {
        labelColor: '#57606a',
        titleColor: '#24292f',
        gridColor: '#eaeef2',
        domainColor: '#d0d7de',
        tickColor: '#d0d7de',
      },
      legend: { labelColor: '#24292f', labelFontSize: 12, labelLimit: 0 },
      view: { stroke: null },
    },
  };
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return `${svg}\n`;
}

function pointsOf({ costs, contests }: RuleResults): Point[] {
  const ours = costs.flatMap(({ id, cold, rules }): Point[] => {
    const [, shape, family] = /^(acl1|fw1|ipc1)-\d+-(v[46])$/.exec(id) ?? [];
    return shape ? [{ series: `Sluice, ${shape}, IP${family}`, rules, ns: Math.max(10, cold.median) }] : [];
  });
  const theirs = contests.flatMap(({ id, title, list, rules, nanoseconds }): Point[] => {
    const series = list.startsWith('acl1') ? `${title}, acl1` : `${title}, security groups`;
    const wanted = id === 'nftables-set' || (list.startsWith('acl1') && id !== 'sluice');
    return nanoseconds && wanted ? [{ series, rules, ns: nanoseconds.median }] : [];
  });
  return [...ours, ...theirs];
}

/** Sluice in blues and greens, the others in warm colours and grey. */
function colourOf(series: string): string {
  const ours = ['#0550ae', '#1f883d', '#0a7d91', '#54aeff', '#7ad491', '#5cc8d7'];
  const shapes = ['acl1', 'fw1', 'ipc1'];
  if (series.startsWith('Sluice')) {
    const shape = shapes.findIndex((one) => series.includes(one));
    return ours[shape + (series.endsWith('v6') ? 3 : 0)] as string;
  }
  if (series.includes('concatenations')) return '#8c959f';
  return series.startsWith('nftables') ? '#cf222e' : '#e16f24';
}
