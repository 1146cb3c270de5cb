/** `attn explain`: which backend a call of these sizes would run on, and why. No attention is computed. */
import { GraphBuilder } from '@attn/core';
import { integer, requiredInteger, type Options } from '../args.ts';
import { withAttn } from '../backends.ts';
import type { Command, Context } from '../command.ts';
import { PATTERN_HELP, readPattern } from '../pattern.ts';
import { count, duration } from '../terminal/format.ts';
import { table } from '../terminal/table.ts';

/** The command. */
export const explain: Command = {
  name: 'explain',
  summary: 'Say which backend would run a call of these sizes, and why',
  options: [
    ['--pattern <json|file>', PATTERN_HELP],
    ['--n <count>', 'Number of tokens; queries and keys alike'],
    ['--heads <count>', 'Number of heads (default: 8)'],
    ['--head-dim <count>', 'Numbers per head (default: 64)'],
    ['--batch <count>', 'Number of batch rows (default: 1)'],
  ],
  examples: [`explain --n 16384 --pattern '{"type":"slidingWindow","before":256,"after":256}'`],
  run: runExplain,
};

async function runExplain(options: Options, context: Context): Promise<void> {
  const n = requiredInteger(options, 'n', 'the number of tokens');
  const heads = integer(options, 'heads') ?? 8;
  const headDim = integer(options, 'headDim') ?? 64;
  const batch = integer(options, 'batch') ?? 1;
  const pattern = await readPattern(options);
  const builder = new GraphBuilder();
  const input = (name: string) => builder.input(name, { dtype: 'f32', shape: [batch, heads, n, headDim] });
  const { out } = builder.attention({ q: input('q'), k: input('k'), v: input('v') }, { pattern });
  const graph = builder.build({ out });

  const rows = await withAttn(undefined, context, async (attn) => attn.explain(graph));
  context.printJson({ pattern, batch, heads, n, headDim, backends: rows });
  const columns = [
    { title: 'backend' },
    { title: 'chosen' },
    { title: 'predicted', align: 'right' as const },
    { title: 'reason' },
  ];
  const cells = rows.map(({ backend, chosen, predictedMs, reason }) => [
    backend,
    chosen ? 'yes' : '',
    predictedMs === undefined ? '' : duration(predictedMs),
    reason ?? '',
  ]);
  context.print(`${pattern.type}, ${count(n)} tokens, heads ${heads}, head dim ${headDim}, batch ${batch}\n`);
  context.print(table(columns, cells));
}
