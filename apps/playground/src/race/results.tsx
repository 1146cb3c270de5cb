/** The result of a race: a chart, a table, the reasons of the choice, and figures to copy. */
import type { RaceReport, Timing } from '../engine/race-engine.ts';
import { CopyButton } from '../ui/copy-button.tsx';
import { bytes, count, duration } from '../ui/format.ts';
import { Chart } from './chart.tsx';

/** The result of a race. */
export function Results({ report }: { readonly report: RaceReport }) {
  const { rows, job, explanation } = report;
  const hasMemory = rows.some(({ tabBytes }) => tabBytes !== undefined);
  const best = explanation.find(({ chosen }) => chosen);
  return (
    <div class="stack" id="race-result">
      <Chart rows={rows} />
      <div class="scroll" role="region" aria-label="Figures of the race" tabIndex={0}>
        <table>
          <caption>
            {`${count(job.n)} tokens, ${job.heads} heads × ${job.headDim}; error: the greatest difference from float64 in ${report.comparedRows} rows`}
          </caption>
          <thead>
            <tr>
              <th scope="col">Backend</th>
              <th scope="col" class="number">
                Pattern
              </th>
              <th scope="col" class="number">
                Dense
              </th>
              <th scope="col" class="number">
                Faster
              </th>
              <th scope="col" class="number">
                Error
              </th>
              {hasMemory && (
                <th scope="col" class="number">
                  Tab
                </th>
              )}
              <th scope="col">What it is</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ backend, pattern, dense, error, tabBytes, summary, absences }) => (
              <tr key={backend}>
                <th scope="row">{backend}</th>
                <td class="number">{timeOf(pattern)}</td>
                <td class="number">{timeOf(dense)}</td>
                <td class="number">{fasterOf(pattern, dense)}</td>
                <td class="number">{error === undefined ? '' : error.toExponential(1)}</td>
                {hasMemory && <td class="number">{tabBytes === undefined ? '' : bytes(tabBytes)}</td>}
                <td>
                  {summary}
                  {absences.map((absence) => (
                    <p class="note" key={absence}>
                      {absence}
                    </p>
                  ))}
                  {reasonsOf(pattern, dense).map((reason) => (
                    <p class="note" key={reason}>
                      {reason}
                    </p>
                  ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <section class="stack">
        <div>
          <h2>{best === undefined ? 'No backend can run it' : `Why ${best.backend}`}</h2>
          <p>
            {best === undefined
              ? 'Each row says why.'
              : `An application that lists these backends gets ${best.backend}: its prediction is the smallest.`}
          </p>
        </div>
        <table>
          <caption>What explain says before anything runs</caption>
          <thead>
            <tr>
              <th scope="col">Backend</th>
              <th scope="col" class="number">
                Predicted
              </th>
              <th scope="col">Chosen</th>
              <th scope="col">Why not</th>
            </tr>
          </thead>
          <tbody>
            {explanation.map(({ backend, predictedMs, chosen, reason }) => (
              <tr key={backend}>
                <th scope="row">{backend}</th>
                <td class="number">{predictedMs === undefined ? '' : duration(predictedMs)}</td>
                <td>{chosen ? 'yes' : ''}</td>
                <td>{reason ?? ''}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <p class="note">
          {`Memory: q, k, v, the result and the plan are ${bytes(report.bytes)}. A matrix of all scores would be ${bytes(report.scoreBytes)} more; none of these backends makes one for the pattern. Planning took ${duration(report.planMs)}.`}
        </p>
      </section>
      <div class="buttons">
        <CopyButton
          label="Copy figures of this machine"
          text={() => JSON.stringify(report, undefined, 2)}
          isPrimary
        />
      </div>
      <p class="note">
        Paste them into an issue: so your GPU becomes part of our test lab. They hold the browser's name, its
        cores and its GPU, and nothing else about you.
      </p>
    </div>
  );
}

function timeOf({ ms, predictedMs }: Timing): string {
  if (ms !== undefined) return duration(ms);
  return predictedMs === undefined ? '–' : `~${duration(predictedMs)}`;
}

function fasterOf(pattern: Timing, dense: Timing): string {
  const [own, other] = [pattern.ms, dense.ms ?? dense.predictedMs];
  if (own === undefined || other === undefined) return '';
  return `${dense.ms === undefined ? '~' : ''}${(other / own).toPrecision(2)}×`;
}

function reasonsOf(pattern: Timing, dense: Timing): readonly string[] {
  return [
    ...(pattern.reason === undefined ? [] : [`pattern: ${pattern.reason}`]),
    ...(dense.reason === undefined ? [] : [`dense: ${dense.reason}`]),
  ];
}
