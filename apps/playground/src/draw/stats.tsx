/** What the plan of the pattern costs. */
import { bytes, count, duration, percent } from '../ui/format.ts';
import { isPlanning, planned } from './plan-state.ts';

/** The figures of the plan. */
export function Stats() {
  const current = planned.value;
  if (current === undefined) return <p role="status">Planning …</p>;
  const { report, n } = current;
  const { stats, pairs } = report;
  const share = stats.computedPairs / pairs;
  const figures: readonly (readonly [string, string, string])[] = [
    [percent(share), 'of n² is computed', `${count(stats.computedPairs)} of ${count(pairs)} pairs`],
    [percent(stats.allowedPairs / pairs), 'of n² is allowed', `${count(stats.allowedPairs)} pairs`],
    [
      stats.computedPairs === 0 ? '–' : percent(stats.allowedPairs / stats.computedPairs),
      'tight: allowed of computed',
      'the rest are masked pairs of tiles that cannot be smaller',
    ],
    [
      count(stats.tiles),
      'tiles of 64 × 64',
      `${count(stats.maskedTiles)} of them need one of ${count(stats.masks)} masks`,
    ],
    [duration(report.planMs), 'to plan', `${bytes(report.bytes)} for n = ${count(n)}`],
  ];
  return (
    <div aria-busy={isPlanning.value} class="stats" data-share={share}>
      <dl class="figures">
        {figures.map(([figure, words, detail]) => (
          <div key={words}>
            <dt>{words}</dt>
            <dd>
              <strong>{figure}</strong>
              <span class="faint">{detail}</span>
            </dd>
          </div>
        ))}
      </dl>
      <table>
        <caption>Order of the tiles</caption>
        <thead>
          <tr>
            <th scope="col">Order</th>
            <th scope="col" class="number">
              Heads
            </th>
            <th scope="col" class="number">
              Queries
            </th>
            <th scope="col" class="number">
              Tiles
            </th>
            <th scope="col" class="number">
              Of n²
            </th>
          </tr>
        </thead>
        <tbody>
          {report.groups.map((group, index) => (
            // oxlint-disable-next-line react/no-array-index-key -- groups have no names
            <tr key={index}>
              <th scope="row">{group.order}</th>
              <td class="number">{count(group.heads)}</td>
              <td class="number">{count(group.queries)}</td>
              <td class="number">{count(group.tiles)}</td>
              <td class="number">{percent(group.computedPairs / Math.max(1, n * n))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
