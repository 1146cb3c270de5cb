/** `attn plan`: says what a pattern costs at any length, without computing attention. */
import { drawPattern } from '@attn/core';
import { planBytes, sumStats, type PlanGroup } from '@attn/core/backend';
import { isSet, text, type Options } from '../args.ts';
import type { Command, Context } from '../command.ts';
import { PATTERN_HELP, readPattern } from '../pattern.ts';
import { readSizes, SIZE_OPTIONS } from '../sizes.ts';
import { bytes, count, duration, percent } from '../terminal/format.ts';
import { fields, table } from '../terminal/table.ts';
import { checkOutput, writeOutputFile } from '../output-file.ts';
import { orderFields, ordersOf, planParts } from '../plan-parts.ts';

/** The command. */
export const plan: Command = {
  name: 'plan',
  summary: 'Say what a pattern costs: tiles, masks, share of n²',
  options: [
    ['--pattern <json|file>', PATTERN_HELP],
    ...SIZE_OPTIONS,
    ['--svg <file>', 'Write a drawing of the pattern'],
    ['--draw', 'Draw the pattern in the terminal (default; --no-draw to leave it out)'],
  ],
  examples: [
    `plan --n 65536 --pattern '{"type":"slidingWindow","before":256,"after":256}'`,
    `plan --n 1e6 --no-draw --pattern longformer.json --json`,
  ],
  run: runPlan,
};

async function runPlan(options: Options, context: Context): Promise<void> {
  const sizes = readSizes(options);
  const { batch, heads, queryLength, keyLength, queryOffset } = sizes;
  const svg = text(options, 'svg');
  const draw = options.draw !== false && !context.json;
  if (draw) isSet(options, 'draw'); // refuses a value
  const pattern = await readPattern(options);
  if (svg !== undefined) await checkOutput('svg', svg, options, ['pattern']);

  const start = performance.now();
  const plans = await planParts(sizes, pattern, context.signal);
  const planMs = performance.now() - start;
  const groups = plans.flatMap((part) => part.groups);
  const stats = sumStats(groups);
  const pairs = batch * heads * queryLength * keyLength;
  const computedShare = stats.computedPairs / pairs;
  const allowedShare = stats.allowedPairs / pairs;
  const totalBytes = groups.reduce((sum, group) => sum + planBytes(group.block), 0);
  const drawing =
    draw || svg !== undefined ? drawPattern(pattern, { queryLength, keyLength, queryOffset }) : undefined;
  if (svg !== undefined && drawing !== undefined) await writeOutputFile(svg, drawing.toSvg());

  context.printJson({
    pattern,
    ...sizes,
    planMs,
    planBytes: totalBytes,
    computedShare,
    allowedShare,
    stats,
    groups: groups.map(({ block, members, projection }) => ({
      members: members.length,
      projection,
      queries: block.queryCount,
      keys: block.keyCount,
      bytes: planBytes(block),
      ...block.stats,
    })),
    parts: plans.length,
    orders: ordersOf(plans),
    svg,
  });
  context.print(
    fields([
      ['pattern', pattern.type],
      ['sizes', `${count(queryLength)} queries × ${count(keyLength)} keys, heads ${heads}, batch ${batch}`],
      ['computed', `${percent(computedShare)} of n² (the pattern allows ${percent(allowedShare)})`],
      ...orderFields(plans, queryLength * keyLength),
      ['planning', `${duration(planMs)}, ${bytes(totalBytes)}`],
      ...(svg === undefined ? [] : [['drawing', svg] as const]),
    ]),
  );
  context.print(`\n${groupTable(groups)}`);
  if (draw && drawing !== undefined) context.print(`\n${drawing.toTerminal()}`);
}

function groupTable(groups: readonly PlanGroup[]): string {
  const right = (title: string) => ({ title, align: 'right' }) as const;
  const columns = [
    { title: 'order' },
    right('batch·heads'),
    right('queries'),
    right('keys'),
    right('tiles'),
    right('masked'),
    right('masks'),
    right('of n²'),
    right('bytes'),
  ];
  const rows = groups.map(({ block, members }) => [
    block.stats.order,
    count(members.length),
    count(block.queryCount),
    count(block.keyCount),
    count(block.stats.tiles),
    count(block.stats.maskedTiles),
    count(block.stats.masks),
    percent(block.stats.computedPairs / Math.max(1, block.queryCount * block.keyCount)),
    bytes(planBytes(block)),
  ]);
  return table(columns, rows);
}
