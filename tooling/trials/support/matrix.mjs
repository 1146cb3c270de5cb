// What was found, as Markdown: for each backend a table of ops by runtimes, then every reason for what is
// unsupported and every failure.
import { markdownTable } from 'markdown-table';

/** `46` passed; `45, 1 failed`; `40, 6 unsupported`. */
function cell(counts) {
  if (counts === undefined) return '–';
  const notes = ['failed', 'unsupported']
    .filter((kind) => counts[kind] > 0)
    .map((kind) => `${counts[kind]} ${kind}`);
  return [counts.passed, ...notes].join(', ');
}

function sum(groups) {
  const total = { passed: 0, failed: 0, unsupported: 0 };
  for (const counts of Object.values(groups))
    for (const kind of Object.keys(total)) total[kind] += counts[kind];
  return total;
}

/** @param runs `{ backend, runtime, found }` of every run, in order */
export function toMarkdown(runs) {
  const backends = [...new Set(runs.map(({ backend }) => backend))];
  const runtimes = [...new Set(runs.map(({ runtime }) => runtime))];
  const foundOf = (backend, runtime) =>
    runs.find((run) => run.backend === backend && run.runtime === runtime)?.report;
  const overview = [
    ['', ...backends],
    ...runtimes.map((runtime) => [
      runtime,
      ...backends.map((backend) => {
        const { groups, unavailable, broken } = foundOf(backend, runtime) ?? {};
        if (groups !== undefined) return cell(sum(groups));
        return unavailable === undefined ? (broken === undefined ? '–' : 'broke off') : 'not available';
      }),
    ]),
  ];
  const parts = [markdownTable(overview)];
  for (const backend of backends) {
    const columns = runtimes.filter((runtime) => foundOf(backend, runtime) !== undefined);
    const ops = [
      ...new Set(columns.flatMap((runtime) => Object.keys(foundOf(backend, runtime).groups ?? {}))),
    ];
    const rows = ops.map((op) => [
      op,
      ...columns.map((runtime) => cell(foundOf(backend, runtime).groups?.[op])),
    ]);
    parts.push(`### ${backend}`);
    parts.push(
      columns
        .map((runtime) => {
          const { summary, unavailable, broken } = foundOf(backend, runtime);
          const text = summary ?? (unavailable ? `not available: ${unavailable}` : `broke off: ${broken}`);
          return `- ${runtime}: ${text.split('\n')[0]}`;
        })
        .join('\n'),
    );
    if (ops.length > 0) parts.push(markdownTable([['', ...columns], ...rows]));
    const reasons = columns.flatMap((runtime) =>
      Object.entries(foundOf(backend, runtime).reasons ?? {}).map(
        ([reason, count]) => `- ${runtime}, ${count} ×: ${reason}`,
      ),
    );
    if (reasons.length > 0) parts.push(['Unsupported:', '', ...reasons].join('\n'));
    const failures = columns.flatMap((runtime) =>
      (foundOf(backend, runtime).failures ?? []).map(
        ({ id, message }) => `- ${runtime}: \`${id}\`: ${firstLines(message)}`,
      ),
    );
    if (failures.length > 0) parts.push(['Failed:', '', ...failures].join('\n'));
  }
  return parts.join('\n\n');
}

/** What most readers want to know. */
export function inOneLine(runs) {
  const good = runs.filter(({ report }) => report.groups !== undefined && sum(report.groups).failed === 0);
  const unsupported = good.reduce((total, { report }) => total + sum(report.groups).unsupported, 0);
  const rest = unsupported === 0 ? '' : `, but for ${unsupported} that a backend declares as unsupported`;
  if (good.length === runs.length)
    return `**All cases that ran pass on all ${runs.length} pairs of backend and runtime**${rest}.`;
  return `**All cases that ran pass on ${good.length} of ${runs.length} pairs of backend and runtime**${rest}; the table has the others.`;
}

/** Under a line that opens it. */
export function folded(markdown) {
  return `<details>\n<summary>The table</summary>\n\n${markdown}\n\n</details>`;
}

/** The first line that says more than the id. */
function firstLines(message) {
  return message.split('\n').slice(0, 2).join(' ').slice(0, 300);
}
