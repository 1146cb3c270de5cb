/**
 * Finds out whether a runtime multiplies unsigned by signed bytes exactly. On x64 without VNNI, ONNX Runtime
 * adds two such products in 16 bits, which large ones overflow; elsewhere they are exact, and faster than
 * products of unsigned bytes.
 */
import { onHostTimers } from '@attn/core/backend';
import { encodeModel } from '../model/encode.ts';
import { OnnxModelBuilder } from '../model/onnx-model-builder.ts';
import type { Runtime } from './runtime.ts';

/** One row and many have kernels of their own. */
const ROWS = [1, 32];
const TERMS = 64;
const COLUMNS = 48;
const LEFT = 255;
/** Bytes of columns, in turn. */
const RIGHT = [127, -128];

/** Multiplies the largest bytes. False where the runtime refuses to. */
export async function multipliesSignedBytes({
  ort,
  sessionOptions,
}: Pick<Runtime, 'ort' | 'sessionOptions'>): Promise<boolean> {
  const model = new OnnxModelBuilder();
  const type = { dtype: 'i8', shape: [TERMS, COLUMNS] } as const;
  const right = model.array(
    'right',
    type,
    Int8Array.from({ length: TERMS * COLUMNS }, (_, i) => RIGHT[(i % COLUMNS) % 2]),
  );
  for (const rows of ROWS) {
    const left = model.main.input(`left${rows}`, { dtype: 'u8', shape: [rows, TERMS] });
    const product = model.main.op('MatMulInteger', [left, right]);
    model.main.output(model.main.rename(product, `product${rows}`), { dtype: 'i32', shape: [rows, COLUMNS] });
  }
  try {
    const session = await onHostTimers(() =>
      ort.InferenceSession.create(encodeModel(model, 'bytes').model, sessionOptions),
    );
    try {
      const feeds = ROWS.map((rows) => {
        const data = new Uint8Array(rows * TERMS).fill(LEFT);
        return [`left${rows}`, new ort.Tensor('uint8', data as never, [rows, TERMS])] as const;
      });
      const results = await onHostTimers(() => session.run(Object.fromEntries(feeds)));
      return ROWS.every((rows) =>
        (results[`product${rows}`].data as Int32Array).every(
          (sum, i) => sum === LEFT * TERMS * RIGHT[(i % COLUMNS) % 2],
        ),
      );
    } finally {
      await session.release();
    }
  } catch {
    return false;
  }
}
