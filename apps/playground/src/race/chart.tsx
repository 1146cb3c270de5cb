/** Times as bars on a logarithmic scale. The table below it has the same figures for screen readers. */
import type { RaceRow, Timing } from '../engine/race-engine.ts';
import { duration } from '../ui/format.ts';

const WIDTH = 720;
const LABELS = 84;
const BAR = 16;
const ROW = 60;
const TOP = 24;
/** Room for the figure behind the longest bar. */
const FIGURES = 84;

/** The bars. */
export function Chart({ rows: all }: { readonly rows: readonly RaceRow[] }) {
  const rows = all.filter(
    ({ pattern, dense }) => timeOf(pattern) !== undefined || timeOf(dense) !== undefined,
  );
  const times = rows
    .flatMap(({ pattern, dense }) => [timeOf(pattern), timeOf(dense)])
    .filter((time) => time !== undefined);
  if (times.length === 0) return null;
  const low = 10 ** Math.floor(Math.log10(Math.min(...times) / 2));
  const high = Math.max(...times, 10 * low);
  const x = (ms: number): number => ((WIDTH - LABELS - FIGURES) * Math.log(ms / low)) / Math.log(high / low);
  const ticks: number[] = [];
  for (let tick = low; tick <= high * 1.001; tick *= 10) ticks.push(tick);
  const height = TOP + rows.length * ROW;
  return (
    <figure class="stack">
      <svg
        class="chart"
        viewBox={`0 0 ${WIDTH} ${height}`}
        role="img"
        aria-label="Times of the pattern and of dense attention on each backend, on a logarithmic scale"
      >
        {ticks.map((tick) => (
          <g key={tick}>
            <line x1={LABELS + x(tick)} x2={LABELS + x(tick)} y1={TOP - 6} y2={height} stroke="var(--line)" />
            <text class="faint" x={LABELS + x(tick)} y={12} text-anchor="middle">
              {duration(tick)}
            </text>
          </g>
        ))}
        {rows.map(({ backend, pattern, dense }, index) => (
          <g key={backend} transform={`translate(0 ${TOP + index * ROW + 8})`}>
            <text x="0" y={BAR + 4} font-weight="600">
              {backend}
            </text>
            <Bar timing={pattern} kind="pattern" y={0} x={x} />
            <Bar timing={dense} kind="dense" y={BAR + 4} x={x} />
          </g>
        ))}
      </svg>
      <figcaption class="legend">
        <span>
          <i class="swatch all" /> the pattern
        </span>
        <span>
          <i class="swatch some" /> dense attention
        </span>
        <span>dashed: predicted, not run</span>
      </figcaption>
    </figure>
  );
}

interface BarProps {
  readonly timing: Timing;
  readonly kind: 'pattern' | 'dense';
  readonly y: number;
  readonly x: (ms: number) => number;
}

function Bar({ timing, kind, y, x }: BarProps) {
  const ms = timeOf(timing);
  if (ms === undefined) return null;
  const width = Math.max(2, x(ms));
  return (
    <g transform={`translate(${LABELS} ${y})`}>
      <rect class={timing.ms === undefined ? 'predicted' : kind} width={width} height={BAR} rx="3" />
      <text class="faint" x={width + 8} y={BAR - 3}>
        {`${timing.ms === undefined ? '~' : ''}${duration(ms)}`}
      </text>
    </g>
  );
}

function timeOf({ ms, predictedMs }: Timing): number | undefined {
  return ms ?? predictedMs;
}
