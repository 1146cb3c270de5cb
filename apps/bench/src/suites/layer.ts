/** What `rotary`, `rmsNorm` and residuals cost in a layer of a windowed encoder. */
import { contest } from '../contest/contest.ts';
import type { Subject } from '../contest/protocol.ts';
import { ms, spread } from '../rows.ts';
import type { LayerParts } from '../subjects/layer.ts';
import type { Suite } from '../suite.ts';

const PARTS = {
  all: 'the whole layer',
  unturned: 'without rotary and rmsNorm',
  products: 'without these and without residuals',
} as const satisfies Record<LayerParts, string>;

const BACKENDS = ['wasm', 'onnx'] as const;

export const layerSuite: Suite = {
  name: 'layer',
  describes: "a windowed layer of today's encoders, with and without its small operations",
  async run(options) {
    const n = options.quick ? 512 : 4096;
    const tables = [];
    for (const backend of BACKENDS) {
      options.log(`layer: ${backend}, n = ${n}`);
      const subject = (parts: LayerParts): Subject => ({
        name: `@attn/${backend}, ${PARTS[parts]}`,
        kind: 'layer',
        options: { backend, threads: 1, parts },
        problem: { n },
      });
      const subjects = { all: subject('all'), unturned: subject('unturned'), products: subject('products') };
      const results = await contest(subjects, options);
      const whole = ms(results.all);
      tables.push({
        title: `A layer of 256 keys, n = ${n.toLocaleString('en-US')}, on ${backend}`,
        note:
          'The sizes of EmbeddingGemma: 768 wide, 12 heads, gated products of 1,152, four norms; one thread. ' +
          'Target on wasm: rotary and rmsNorm together at most 8 % of the layer.',
        rows: (Object.keys(PARTS) as LayerParts[]).map((key) => {
          const own = ms(results[key]);
          const isTimed = typeof own === 'number' && typeof whole === 'number';
          return {
            who: subjects[key].name,
            ms: own,
            '± ms': spread(results[key]),
            'what is left out, % of the layer': isTimed ? 100 * (1 - own / whole) : '',
          };
        }),
      });
    }
    return tables;
  },
};
