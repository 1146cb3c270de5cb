/** Faults in scores: what is ignored, mixed up, or read at another place. */
import { score, type Json, type Tensor } from '@attn/core';
import { TABLE_INPUTS } from '@attn/core/backend';
import { fedWith, onNodes, type Fault } from './fault.testing.ts';

/** The reference on a graph whose scores are other trees; undefined stands for none. */
const withScore = (change: (text: string) => string | undefined): Fault['make'] =>
  onNodes((node) => {
    if (node.op !== 'attention' || node.attributes.score === undefined) return node;
    const text = change(JSON.stringify(node.attributes.score));
    const own = text === undefined ? undefined : score(JSON.parse(text) as Json);
    return { ...node, attributes: { ...node.attributes, score: own } };
  });

/** The reference with tables whose elements moved. */
const withTables = (change: (table: Tensor) => Tensor): Fault['make'] =>
  fedWith((inputs) =>
    Object.fromEntries(
      Object.entries(inputs).map(([name, tensor]) => [
        name,
        name.startsWith(TABLE_INPUTS) ? change(tensor) : tensor,
      ]),
    ),
  );

const AMONG = 'attn:attention:*score=*';

export const scoreFaults: readonly Fault[] = [
  { name: 'ignores the score', among: AMONG, make: withScore(() => undefined) },
  {
    name: 'takes the position of the key for that of the query',
    among: AMONG,
    make: withScore((text) => text.replaceAll('"q"', '"k"')),
  },
  {
    name: 'takes one head for all in the score',
    among: AMONG,
    make: withScore((text) => text.replaceAll('"h"', '0')),
  },
  {
    name: 'takes one batch row for all in the score',
    among: AMONG,
    make: withScore((text) => text.replaceAll('"b"', '0')),
  },
  {
    name: 'hides no pair by a score of −∞',
    among: AMONG,
    make: withScore((text) => text.replaceAll('"-Infinity"', '-10000')),
  },
  {
    name: 'counts pairs of the score the other way',
    among: AMONG,
    make: withScore((text) => text.replaceAll('"ge"', '"gt"')),
  },
  {
    name: 'takes the cosine for the sine',
    among: 'attn:attention:*score=trig*',
    make: withScore((text) => text.replaceAll('"sin"', '"cos"')),
  },
  {
    name: 'reduces angles by a rounded turn',
    among: 'attn:attention:*score=farWaves*',
    make: withScore((text) => text.replaceAll(String(2 ** 20), String(2 ** 20 * (1 + 2 ** -23)))),
  },
  {
    name: 'reads tables one element further',
    among: AMONG,
    make: withTables((table) => ({
      ...table,
      data: table.data.map((_, i) => table.data[(i + 1) % table.data.length]),
    })),
  },
  {
    name: 'reads nothing beyond the ends of tables',
    among: 'attn:attention:*score=wrapping*',
    make: withTables((table) => ({
      ...table,
      data: table.data.with(table.data.length - 1, 0) as Tensor['data'],
    })),
  },
];
