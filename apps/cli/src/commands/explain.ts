/**
 * `attn explain`: says which backend would run a call of these sizes,
 * and why. Attention is computed only with `--measure`.
 */
import { GraphBuilder, zeros, type Graph, type Tensors } from '@attn/core';
import { integer, isSet, type Options } from '../args.ts';
import { withAttn } from '../backends.ts';
import type { Command, Context } from '../command.ts';
import { PATTERN_HELP, readPattern } from '../pattern.ts';
import { readSizes, SIZE_OPTIONS } from '../sizes.ts';
import { count, duration } from '../terminal/format.ts';
import { fields, table } from '../terminal/table.ts';
import { orderFields, ordersOf, planParts } from '../plan-parts.ts';

/** The command. */
export const explain: Command = {
  name: 'explain',
  summary: 'Say which backend would run a call of these sizes, and why',
  options: [
    ['--pattern <json|file>', PATTERN_HELP],
    ...SIZE_OPTIONS,
    ['--head-dim <count>', 'Numbers per head (default: 64)'],
    ['--measure', 'Also run such a call on the two or three best, and choose by their times'],
    ['--no-cache', 'Measure the machine anew, and remember nothing'],
  ],
  examples: [`explain --n 16384 --pattern '{"type":"slidingWindow","before":256,"after":256}'`],
  run: runExplain,
};

async function runExplain(options: Options, context: Context): Promise<void> {
  const { batch, heads, queryLength, keyLength, queryOffset } = readSizes(options);
  const headDim = integer(options, 'headDim', { most: 65_536 }) ?? 64;
  const pattern = await readPattern(options);
  const builder = new GraphBuilder();
  const input = (name: string, length: number) =>
    builder.input(name, { dtype: 'f32', shape: [batch, heads, length, headDim] });
  const operands = { q: input('q', queryLength), k: input('k', keyLength), v: input('v', keyLength) };
  const { out } = builder.attention(operands, { pattern, queryOffset });
  const graph = builder.build({ out });

  const measure = isSet(options, 'measure');
  const attnOptions = { tune: measure ? 'measure' : 'estimate', cache: options.cache !== false } as const;
  const rows = await withAttn(
    undefined,
    context,
    async (attn) => {
      if (measure) await attn.run(graph, zeroInputs(graph), { signal: context.signal });
      else await attn.calibrate({ signal: context.signal });
      return attn.explain(graph);
    },
    attnOptions,
  );
  const sizes = { batch, heads, queryLength, keyLength, queryOffset };
  const plans = pattern.inputs.length === 0 ? await planParts(sizes, pattern, context.signal) : [];
  context.printJson({ pattern, ...sizes, headDim, backends: rows, orders: ordersOf(plans) });
  const columns = [
    { title: 'backend' },
    { title: 'chosen' },
    { title: 'predicted', align: 'right' as const },
    ...(measure ? [{ title: 'measured', align: 'right' as const }] : []),
    { title: 'reason' },
  ];
  const time = (ms: number | undefined) => (ms === undefined ? '' : duration(ms));
  const cells = rows.map(({ backend, chosen, predictedMs, measuredMs, reason }) => [
    backend,
    chosen ? 'yes' : '',
    time(predictedMs),
    ...(measure ? [time(measuredMs)] : []),
    reason ?? '',
  ]);
  const lengths = `${count(queryLength)} queries × ${count(keyLength)} keys`;
  context.print(`${pattern.type}, ${lengths}, heads ${heads}, head dim ${headDim}, batch ${batch}\n`);
  context.print(table(columns, cells));
  const orders = orderFields(plans, queryLength * keyLength);
  if (orders.length > 0) context.print(`\n${fields(orders)}`);
}

/** Inputs of zeros, for a call that is only timed. */
function zeroInputs(graph: Graph): Tensors {
  return Object.fromEntries(
    [...graph.inputs].map(([name, id]) => [name, zeros(graph.values[id].dtype, graph.values[id].shape)]),
  );
}
