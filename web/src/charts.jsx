import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { at, count, isStreamed, took } from './format.js';

const kPoints = { '15m': 60, '24h': 144 };

// Columns of a whole range: what was before the daemon began is a gap.
export function columnsOf(series, range, names) {
  const points = kPoints[range];
  const end = Date.parse(series.end) / 1000;
  const times = Array.from({ length: points }, (_, i) => end - (points - 1 - i) * series.step_s);
  const padded = (column) => [...Array(Math.max(0, points - column.length)).fill(null), ...column.slice(-points)];
  return [times, ...names.map((name) => padded(series[name] ?? []))];
}

const kAside = 24; // a time further left would run into the numbers of the other axis
const hour = (seconds) => at(seconds * 1000, Date.now(), { seconds: false }).replace(/^.*, /, '');
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function optionsOf({ lines, bars, format, least }, size, onCursor) {
  const ink = css('--muted');
  const grid = { stroke: css('--line'), width: 1 };
  return {
    ...size,
    padding: [6, 4, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 5 }, drag: { setScale: false } },
    scales: { y: { range: (_, low, high) => [0, Math.max(high * 1.08, least)] } },
    axes: [
      { stroke: ink, grid: { show: false }, ticks: { show: false }, size: 18, gap: 2, font: '11px system-ui', space: 70,
        values: (plot, ticks) => ticks.map((tick) => (plot.valToPos(tick, 'x') < kAside ? '' : hour(tick))) },
      { stroke: ink, grid, ticks: { show: false }, size: 52, gap: 4, font: '11px system-ui', space: 28,
        values: (_, ticks) => ticks.map((tick) => format(tick)) },
    ],
    series: [
      {},
      ...lines.map(({ color, dash }) => ({
        stroke: css(color), width: 1.5, dash, points: { show: bars ? false : undefined, size: 3 },
        ...(bars && { paths: uPlot.paths.bars({ size: [0.7, 12] }), fill: css(color), width: 0 }),
      })),
    ],
    hooks: { setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)] },
  };
}

function Chart({ title, spec, series, range, theme }) {
  const place = useRef(null);
  const plot = useRef(null);
  const [index, setIndex] = useState(null);
  const columns = columnsOf(series, range, spec.lines.map((line) => line.name));
  const latest = useRef(columns);
  latest.current = columns;
  // Drawn anew where the colours or the room change; else it gets the new numbers.
  useEffect(() => {
    const node = place.current;
    const size = () => ({ width: node.clientWidth, height: node.clientHeight });
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf(spec, size(), setIndex), latest.current, node);
    };
    draw();
    const resized = new ResizeObserver(() => plot.current.setSize(size()));
    resized.observe(node);
    const system = matchMedia('(prefers-color-scheme: dark)');
    system.addEventListener('change', draw);
    return () => {
      resized.disconnect();
      system.removeEventListener('change', draw);
      plot.current.destroy();
      plot.current = null;
    };
  }, [theme, range]);
  useEffect(() => plot.current.setData(columns), [series]);
  const told = index ?? columns[0].length - 1;
  const words = spec.lines.map((line, i) => `${line.words} ${spec.tell(columns[i + 1][told])}`);
  return (
    <figure class="panel chart">
      <figcaption>
        <h3>{title}</h3>
        <span class="legend">
          {spec.lines.map((line, i) => (
            <span key={line.name} class={`key-${i}`}>
              {words[i]}
            </span>
          ))}
        </span>
        <span class="small num">{index === null ? '' : at(columns[0][told] * 1000)}</span>
      </figcaption>
      <div ref={place} class="plot" role="img" aria-label={`${title}, latest: ${words.join(', ')}`} />
    </figure>
  );
}

const timesOf = (what) => ({ least: 200, format: took, tell: took,
  lines: [{ name: `${what}_p50_ms`, words: 'p50', color: '--accent' }, { name: `${what}_p95_ms`, words: 'p95', color: '--wait', dash: [4, 3] }] });
const kStreams = ['Time to first byte', timesOf('ttfb')];
const kPlain = ['Time to answer', timesOf('plain')];

const kCharts = [
  ['Requests', { bars: true, least: 4, format: count, tell: (value) => count(value ?? 0),
    lines: [{ name: 'requests', words: 'all', color: '--accent' }, { name: 'errors', words: 'failed', color: '--bad' }] }],
  kStreams, // or kPlain, where nothing is streamed
  ['Tokens', { least: 100, format: count, tell: (value) => count(value ?? 0),
    lines: [{ name: 'prompt_tokens', words: 'in', color: '--accent' }, { name: 'completion_tokens', words: 'out', color: '--wait', dash: [4, 3] }] }],
];

export function Charts({ series, range, theme }) {
  if (!series?.step_s) return <p class="small">Nothing has been measured yet.</p>;
  return (
    <div class="chartrow">
      {kCharts.map((chart) => (chart === kStreams && !isStreamed(series) ? kPlain : chart)).map(([title, spec]) => (
        <Chart key={title} title={title} spec={spec} series={series} range={range} theme={theme} />
      ))}
    </div>
  );
}
