/**
 * What a token of a text looks at, in one layer of a model. The model's graph is data: it is run with one
 * layer's queries and keys as outputs, and the float64 reference of attention makes weights of them.
 */
import { AttnError, type Attn, type Graph, type Tensors } from '@attn/core';
import type { NodeOf } from '@attn/core/backend';
import { attentionReferenceRows, type ReferenceInput } from '@attn/core/reference';
import type { LoadedModel } from '@attn/models';

/** Weights of one token over the tokens of its window. */
export interface TokenWeights {
  /** The places of the tokens in the text, in UTF-16 units; null for special tokens. */
  readonly offsets: readonly (readonly [number, number] | null)[];
  /** One for each token; they sum to 1. The mean over heads, or those of one head. */
  readonly weights: Float32Array;
  /** The index of the token that looks. */
  readonly token: number;
  readonly layers: number;
  readonly heads: number;
}

/** Which token looks, and with which layer and head. */
export interface TokenQuestion {
  readonly text: string;
  /** A place in the text; the token there, or the next one, looks. */
  readonly place: number;
  readonly layer: number;
  /** Undefined for the mean of all heads. */
  readonly head?: number;
}

/** The most tokens of a window, so that an answer takes a moment only. */
const MOST_TOKENS = 1024;

const WHERE = 'playground/attention';

type AttentionNode = NodeOf<'attention'>;

/** Errors: `UNSUPPORTED` for a model without a tokenizer's places or without attention layers; `ABORTED`. */
export async function tokenWeights(
  model: LoadedModel,
  attn: Attn,
  { text, place, layer, head }: TokenQuestion,
  signal: AbortSignal,
): Promise<TokenWeights> {
  const { ids, offsets, token } = tokensAround(model, text, place);
  const { graph, inputs } = model.network.call({ inputIds: [ids] });
  const nodes = graph.nodes.filter((node): node is AttentionNode => node.op === 'attention');
  if (nodes.length === 0) {
    const message = `${model.network.architecture} has no layers whose weights can be shown`;
    throw new AttnError('UNSUPPORTED', WHERE, message);
  }
  const node = nodes[Math.min(layer, nodes.length - 1)];
  const operands = await valuesOf(attn, graph, node, inputs, signal);
  const heads = operands.q.shape[node.attributes.layout === 'bnhd' ? 2 : 1];
  const chosen =
    head === undefined ? Array.from({ length: heads }, (_, h) => h) : [Math.min(head, heads - 1)];
  const weights = new Float32Array(ids.length);
  for (const each of chosen) {
    weightsOf(operands, node, { head: each, row: token }, ids.length).forEach((weight, i) => {
      weights[i] += weight / chosen.length;
    });
  }
  return { offsets, weights, token, layers: nodes.length, heads };
}

/** The tokens around a place, with the special tokens of the model. */
function tokensAround({ network, tokenizer }: LoadedModel, text: string, place: number) {
  if (tokenizer === undefined) throw new AttnError('UNSUPPORTED', WHERE, 'the model has no tokenizer');
  const most = Math.min(MOST_TOKENS, network.maxLength);
  for (let reach = 4 * most; ; reach = Math.floor(reach / 2)) {
    const start = Math.max(0, place - Math.floor(reach / 2));
    const slice = text.slice(start, start + reach);
    const { ids, offsets } = tokenizer.encode(slice);
    if (offsets === undefined)
      throw new AttnError('UNSUPPORTED', WHERE, 'the tokenizer gives no places of tokens');
    if (ids.length > most && reach > 16) continue;
    const places = offsets.map((span) => span && ([span[0] + start, span[1] + start] as const));
    const token = places.findIndex((span) => span !== null && span[1] > place);
    if (token < 0) throw new AttnError('INVALID_ARGUMENT', WHERE, `there is no token at ${place}`);
    return { ids, offsets: places, token };
  }
}

/** Runs the model up to a layer's attention, and returns what that reads. */
async function valuesOf(
  attn: Attn,
  graph: Graph,
  { inputs: ids }: AttentionNode,
  inputs: Tensors,
  signal: AbortSignal,
): Promise<Tensors> {
  const constants = Object.entries(ids).flatMap(([name, id]) => {
    const constant = graph.constants.get(id);
    return constant === undefined ? [] : [[name, constant] as const];
  });
  const direct = Object.entries(ids).flatMap(([name, id]) => {
    const input = [...graph.inputs].find(([, value]) => value === id);
    return input === undefined ? [] : [[name, inputs[input[0]]] as const];
  });
  const other = new Set([...constants, ...direct].map(([name]) => name));
  const outputs = new Map(Object.entries(ids).filter(([name]) => !other.has(name)));
  const probe: Graph = { ...graph, outputs, key: `${graph.key}:${[...outputs].join()}` };
  try {
    return {
      ...Object.fromEntries([...constants, ...direct]),
      ...(await attn.run(probe, inputs, { signal })),
    };
  } finally {
    attn.release(probe);
  }
}

/** Columns of the weights that are computed at once. */
const COLUMNS = 256;

/** The weights of a row: attention whose values are the rows of the identity gives them back. */
function weightsOf(
  operands: Tensors,
  { attributes }: AttentionNode,
  { head, row }: { readonly head: number; readonly row: number },
  length: number,
): Float64Array {
  const weights = new Float64Array(length);
  const isTransposed = attributes.layout === 'bnhd';
  const kvHeads = operands.k.shape[isTransposed ? 2 : 1];
  const keys = operands.k.shape[isTransposed ? 1 : 2];
  const plain = Object.fromEntries(
    Object.entries(operands).map(([name, { shape, data }]) => [name, { shape, data } as ReferenceInput]),
  );
  for (let start = 0; start < Math.min(length, keys); start += COLUMNS) {
    const data = new Float32Array(kvHeads * keys * COLUMNS);
    for (let h = 0; h < kvHeads; h++) {
      for (let j = start; j < Math.min(keys, start + COLUMNS); j++) {
        const at = isTransposed ? j * kvHeads + h : h * keys + j;
        data[at * COLUMNS + j - start] = 1;
      }
    }
    const shape = isTransposed ? [1, keys, kvHeads, COLUMNS] : [1, kvHeads, keys, COLUMNS];
    const v: ReferenceInput = { shape, data };
    const inputs = { ...plain, v, ...(plain.vGlobal === undefined ? {} : { vGlobal: v }) };
    const { out } = attentionReferenceRows(inputs, attributes, [{ batch: 0, head, row }]);
    weights.set(out.data.subarray(0, Math.min(COLUMNS, length - start)), start);
  }
  return weights;
}
