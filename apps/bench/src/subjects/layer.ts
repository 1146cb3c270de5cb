/**
 * One layer of a windowed encoder of today (the sizes of EmbeddingGemma: 768 wide, gated products of 1,152,
 * four norms), whole or without some of its parts, so that the difference is what these parts cost.
 */
import { f32, GraphBuilder, slidingWindow, type Graph, type Value } from '@attn/core';
import type { Subject, PreparedSubject } from '../contest/protocol.ts';
import { uniform } from '../inputs.ts';
import { makeBackend } from './attention.ts';

const HIDDEN = 768;
const HEADS = 12;
const INNER = 1152;

/** The window is this many keys to each side: 256 in all. */
const SIDE = 128;

/** Which parts the layer has: all; all but `rotary` and `rmsNorm`; or neither these nor its residuals. */
export type LayerParts = 'all' | 'unturned' | 'products';

/** Prepares the subject: `options` are the backend's, and `parts`. */
export async function makeLayer({ options, problem: { n } }: Subject): Promise<PreparedSubject> {
  const { parts, ...backendOptions } = options;
  const backend = await makeBackend(backendOptions);
  await backend.probe();
  const executable = await backend.compile(layerGraph(n, parts as LayerParts));
  const x = f32([1, n, HIDDEN], uniform(n * HIDDEN, 1));
  return {
    run: () => executable.run({ x }),
    async check() {
      const { y } = await executable.run({ x });
      if (!(y.data as Float32Array).every(Number.isFinite)) throw new Error('a state is not finite');
      return 0;
    },
    dispose: () => backend.dispose(),
  };
}

function layerGraph(n: number, parts: LayerParts): Graph {
  const builder = new GraphBuilder();
  const weight = (rows: number, columns: number, seed: number): Value =>
    builder.constant(
      f32(
        [rows, columns],
        uniform(rows * columns, seed).map((value) => value * columns ** -0.5),
      ),
    );
  const heads = (states: Value): Value => builder.reshape(states, [1, n, HEADS, HIDDEN / HEADS]);
  const ones = builder.constant(f32([HIDDEN], new Float32Array(HIDDEN).fill(1)));
  const norm = (states: Value): Value =>
    parts === 'all' ? builder.rmsNorm(states, { weight: ones, eps: 1e-6 }) : states;
  const pairs = HIDDEN / HEADS / 2;
  const table = (turn: (angle: number) => number): Value =>
    builder.constant(
      f32(
        [n, 1, pairs],
        Float32Array.from({ length: n * pairs }, (_, i) =>
          turn(Math.floor(i / pairs) * 10_000 ** (-(i % pairs) / pairs)),
        ),
      ),
    );
  const turned = (states: Value): Value =>
    parts === 'all' ? builder.rotary(states, table(Math.cos), table(Math.sin)) : states;
  const added = (a: Value, b: Value): Value => (parts === 'products' ? b : builder.add(a, b));

  const x = builder.input('x', { dtype: 'f32', shape: [1, n, HIDDEN] });
  const states = norm(x);
  const q = turned(heads(builder.linear(states, weight(HIDDEN, HIDDEN, 2))));
  const k = turned(heads(builder.linear(states, weight(HIDDEN, HIDDEN, 3))));
  const v = heads(builder.linear(states, weight(HIDDEN, HIDDEN, 4)));
  const pattern = slidingWindow({ before: SIDE, after: SIDE });
  const { out } = builder.attention({ q, k, v }, { pattern, layout: 'bnhd' });
  const mixed = builder.linear(builder.reshape(out, [1, n, HIDDEN]), weight(HIDDEN, HIDDEN, 5));
  const middle = added(x, norm(mixed));
  const inner = norm(middle);
  const gate = builder.linear(inner, weight(INNER, HIDDEN, 6), undefined, { activation: 'gelu' });
  const up = builder.linear(inner, weight(INNER, HIDDEN, 7));
  const down = builder.linear(builder.mul(gate, up), weight(HIDDEN, INNER, 8));
  return builder.build({ y: added(middle, norm(down)) });
}
